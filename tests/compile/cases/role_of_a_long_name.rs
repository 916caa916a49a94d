//! The name of a role is too long.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    User,
    Admin,
}

fn main() {}
