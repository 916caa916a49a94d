//! A handler has a generic parameter.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off<T: Send>() -> NoContent {
    NoContent
}

fn main() {}
