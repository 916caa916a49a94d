//! A constant policy names a role of another application.
use portcullis::prelude::*;
use portcullis::web::authz::Guard;

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

const NOBODY: Guard<other::Rights> = other::Rights::Nobody.guard();

/// Turn the lights off.
#[post("/lights/off", access = NOBODY)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
