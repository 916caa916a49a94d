//! An attribute has every word that it may have.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated, tag = "lights", class = Credentials, body_limit = 1024)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
