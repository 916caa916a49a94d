//! A policy names a role that doesn't exist.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = Role::Root)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
