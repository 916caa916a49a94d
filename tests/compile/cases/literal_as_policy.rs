//! A policy is written as a text.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = "admin")]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
