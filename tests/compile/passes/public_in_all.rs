//! A policy without one that changes nothing.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = Role::Admin)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
