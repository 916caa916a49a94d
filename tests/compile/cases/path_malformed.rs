//! A path template is malformed.
use portcullis::prelude::*;

/// List what there is.
#[get("notes/", access = Authenticated)]
async fn list() -> NoContent {
    NoContent
}

fn main() {}
