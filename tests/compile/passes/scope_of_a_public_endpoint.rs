//! An endpoint that is open to everyone, whatever the scopes.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public("anyone may"))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
