//! A handler doesn't say what it answers.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off() {}

fn main() {}
