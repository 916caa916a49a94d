//! An attribute has a path.
use portcullis::prelude::*;

/// List what there is.
#[get("/notes", access = Authenticated)]
async fn list() -> NoContent {
    NoContent
}

fn main() {}
