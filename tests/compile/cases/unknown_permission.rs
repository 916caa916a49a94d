//! A policy names a permission that doesn't exist.
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
#[post("/lights/off", access = Permission::Swich)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
