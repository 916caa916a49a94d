//! An attribute has a word that means nothing.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated, rate = 5)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
