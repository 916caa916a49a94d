//! A permission has a name of its own.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    #[permission("audit.read")]
    Read,
}

fn main() {}
