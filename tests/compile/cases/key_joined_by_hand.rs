//! A role says by hand that another application's roles go with it.
use portcullis::prelude::*;
use portcullis::web::authz::JoinKey;

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

impl JoinKey<other::Rights> for Role {
    type Both = Self;
}

/// Turn the lights off.
#[post("/lights/off", access = Role::Admin)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
