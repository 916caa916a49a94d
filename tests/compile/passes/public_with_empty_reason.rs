//! An endpoint is open to everyone, and its author says why.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public("whoever leaves last turns them off"))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
