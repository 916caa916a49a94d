//! A policy names a permission of another application.
use portcullis::prelude::*;

mod other {
    use portcullis::prelude::*;

    #[derive(Role)]
    pub(crate) enum Rights {
        Nobody,
        Everybody,
    }

    #[derive(Permission)]
    #[permission(of = Rights)]
    pub(crate) enum Permission {
        Switch,
    }
}

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = other::Permission::Switch)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
