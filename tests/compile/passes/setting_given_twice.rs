//! An endpoint has one policy.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
