//! Two roles have names that differ in their case only.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    #[role("User")]
    Admin,
}

fn main() {}
