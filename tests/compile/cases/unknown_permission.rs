//! A policy names a permission that doesn't exist.
use portcullis::prelude::*;

#[derive(Permission)]
enum Permission {
    Switch,
}

/// Turn the lights off.
#[post("/lights/off", access = Permission::Swich)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
