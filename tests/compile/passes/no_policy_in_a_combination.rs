//! Policies are combined.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = any(all(Authenticated, Scope("lights")), Fresh::minutes(5)))]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
