//! A raw router is guarded by a role of the application.
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

fn main() {
    let app = App::<Role>::new("Lights");
    let _ = app.dangerous_mount_axum("/raw", Role::Admin.guard(), Default::default(), "it is older than this service");
}
