//! A role carries data.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin(u32),
}

fn main() {}
