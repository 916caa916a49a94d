//! An endpoint has two policies, and the last one would count.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated, access = Public("a toy"))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
