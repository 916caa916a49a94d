//! An endpoint attribute stands on an asynchronous function.
use portcullis::prelude::*;

/// The lights.
#[get("/lights", access = Authenticated)]
async fn lights() -> NoContent {
    NoContent
}

fn main() {}
