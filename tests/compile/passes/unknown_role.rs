//! A policy names a role of the application.
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
