//! A constant policy is open to everyone, and says why.
use portcullis::prelude::*;

const OPEN: Public = Public("a toy");

/// Turn the lights off.
#[post("/lights/off", access = OPEN)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
