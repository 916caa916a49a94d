//! A handler owns its arguments.
use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off(database: Database) -> NoContent {
    let _ = database;
    NoContent
}

fn main() {}
