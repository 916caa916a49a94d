//! A public policy is joined with another one, and changes nothing.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = all(Role::Admin, Public("a toy")))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
