//! A policy names two roles of one application.
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

/// Turn the lights off.
#[post("/lights/off", access = any(Role::Admin, Role::User))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
