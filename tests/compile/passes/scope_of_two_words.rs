//! A policy asks for two scopes.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = all(Authenticated, Scope("lights"), Scope("doors")))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
