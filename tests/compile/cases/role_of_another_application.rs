//! A role of another application is named without its enum.
use portcullis::prelude::*;

use other::Rights::Nobody;

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

/// Turn the lights off.
#[post("/lights/off", access = Nobody)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
