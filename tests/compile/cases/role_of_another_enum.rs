//! An endpoint's role isn't one of the application's roles.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[derive(Role)]
enum Rank {
    Private,
    General,
}

/// Turn the lights off.
#[post("/lights/off", access = Rank::General)]
async fn lights_off() -> NoContent {
    NoContent
}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![lights_off]);
}
