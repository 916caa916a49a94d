//! A combination combines nothing.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = any())]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
