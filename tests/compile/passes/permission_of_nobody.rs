//! Permissions say whose they are.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Switch,
}

fn main() {}
