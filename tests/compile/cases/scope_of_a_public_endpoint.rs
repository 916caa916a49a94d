//! An endpoint that is open to everyone asks for a scope.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public("anyone may"), scope = "lights")]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
