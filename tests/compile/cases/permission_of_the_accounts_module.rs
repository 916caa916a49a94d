//! A permission has the name of one of accounts.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    #[permission("accounts.audit.read")]
    Read,
}

fn main() {}
