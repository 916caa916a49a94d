//! Two permissions have the same name.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Read,
    #[permission("read")]
    Write,
}

fn main() {}
