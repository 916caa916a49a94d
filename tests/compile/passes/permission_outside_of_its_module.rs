//! A permission of a module is named after it.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(module = "billing")]
enum Permission {
    #[permission("billing.read")]
    Read,
}

fn main() {}
