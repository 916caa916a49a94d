//! A policy names a permission, and a role is granted it.
use portcullis::prelude::*;

#[derive(Permission)]
enum Permission {
    Switch,
}

/// Turn the lights off.
#[post("/lights/off", access = Permission::Switch)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {}
