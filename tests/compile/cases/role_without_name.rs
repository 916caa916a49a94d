//! A role has no name.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("")]
    User,
    Admin,
}

fn main() {}
