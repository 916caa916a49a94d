//! A handler asks for a value that the application provides.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[derive(Clone, Provider)]
struct Switches;

/// Turn the lights off.
#[post("/lights/off", access = Role::User)]
async fn lights_off(switches: Switches) -> NoContent {
    let _ = switches;
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").provide(Switches).endpoints(endpoints![lights_off]);
}
