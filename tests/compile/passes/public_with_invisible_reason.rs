//! An endpoint is open to everyone, and says why.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public("因"))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
