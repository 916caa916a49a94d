//! A raw axum router is mounted, and nobody says why.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

fn main() {
    let _ = App::<Role>::new("Lights").dangerous_mount_axum("/raw", Authenticated.guard(), Default::default());
}
