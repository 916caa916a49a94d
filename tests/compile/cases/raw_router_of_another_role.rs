//! A raw router is guarded by a role of another application.
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
    let _ = app.dangerous_mount_axum("/raw", other::Rights::Nobody.guard(), Default::default(), "it is older than this service");
}
