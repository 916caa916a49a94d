//! A handler has no generic parameter, and may call a function that has one.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off() -> NoContent {
    switch::<u8>();
    NoContent
}

fn switch<T: Send>() {}

fn main() {}
