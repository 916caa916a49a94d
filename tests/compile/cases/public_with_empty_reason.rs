//! An endpoint is open to everyone, and nobody says why.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public(" "))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
