//! The name of a role has a character in it that nobody sees.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("user\u{200b}")]
    User,
    Admin,
}

fn main() {}
