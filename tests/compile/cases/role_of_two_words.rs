//! The name of a role has a space in it.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("the user")]
    User,
    Admin,
}

fn main() {}
