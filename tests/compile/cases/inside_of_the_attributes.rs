//! A policy names what attributes write.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// Turn the lights off.
#[post("/lights/off", access = p::at_least::<Role>(0))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
