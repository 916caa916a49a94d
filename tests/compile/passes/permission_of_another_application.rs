//! A policy names a permission of the application.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[derive(Permission)]
#[permission(of = Role)]
enum Permission {
    Switch,
}

/// Turn the lights off.
#[post("/lights/off", access = Permission::Switch)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
