//! A role has two names.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("user")]
    #[role("admin")]
    User,
    Admin,
}

fn main() {}
