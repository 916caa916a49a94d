//! A combined policy names a role of the application.
use portcullis::prelude::*;

use Role::Admin;

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
#[post("/lights/off", access = all(Authenticated, any(Admin, Fresh::minutes(5))))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
