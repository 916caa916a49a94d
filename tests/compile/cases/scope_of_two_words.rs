//! A policy names two scopes as one.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated, scope = "lights doors")]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
