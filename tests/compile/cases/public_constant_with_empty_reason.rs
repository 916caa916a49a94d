//! A constant policy is open to everyone, and nobody says why.
use portcullis::prelude::*;

const OPEN: Public = Public("");

/// Turn the lights off.
#[post("/lights/off", access = OPEN)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
