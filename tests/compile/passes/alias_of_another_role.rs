//! A role of the application is named through an alias.
use portcullis::prelude::*;

mod other {
    use portcullis::prelude::*;

    #[derive(Role)]
    pub(crate) enum Rights {
        Nobody,
        Everybody,
    }
}

#[derive(Role)]
enum Role {
    User,
    Admin,
}

type Rank = Role;

/// Turn the lights off.
#[post("/lights/off", access = Rank::Admin)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
