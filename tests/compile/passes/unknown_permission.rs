//! A policy names a permission, and a role is granted it.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Switch,
}

/// Turn the lights off.
#[post("/lights/off", access = Permission::Switch)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
