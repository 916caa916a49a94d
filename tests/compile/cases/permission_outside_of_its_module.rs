//! A permission of a module isn't named after it.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(module = "billing")]
enum Permission {
    #[permission("accounts.audit.read")]
    Read,
}

fn main() {}
