//! A path template has its normal form.
use portcullis::prelude::*;

/// List what there is.
#[get("/notes", access = Authenticated)]
async fn list() -> NoContent {
    NoContent
}

fn main() {}
