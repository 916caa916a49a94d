//! Permissions have names of their own.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Read,
    #[permission("notes.write")]
    Write,
}

fn main() {}
