//! A role is granted a permission of its own application.
use portcullis::prelude::*;

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Switch,
}

#[derive(Role)]
enum Role {
    #[grants(Permission::Switch)]
    User,
    Admin,
}

fn main() {}
