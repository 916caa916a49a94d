//! Roles have names of their own.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    #[role("editor.chief")]
    User,
    Admin,
}

fn main() {}
