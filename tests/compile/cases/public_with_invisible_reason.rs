//! An endpoint is open to everyone, and its reason shows nothing.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Public("\u{200b}\u{3000}"))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
