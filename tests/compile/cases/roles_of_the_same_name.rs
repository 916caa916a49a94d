//! Two roles have the same name.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    #[role("user")]
    Admin,
}

fn main() {}
