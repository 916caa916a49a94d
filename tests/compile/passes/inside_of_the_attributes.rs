//! The policy names a role.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = Role::User)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
