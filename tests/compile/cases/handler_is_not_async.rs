//! A handler isn't asynchronous.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
