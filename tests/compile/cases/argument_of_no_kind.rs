//! A handler asks for something that a request doesn't have.
use portcullis::prelude::*;

/// Turn lights on.
#[post("/lights", access = Authenticated)]
async fn lights_on(count: u32) -> Text {
    Text(count.to_string().into())
}

fn main() {}
