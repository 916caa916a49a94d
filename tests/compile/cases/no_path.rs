//! An attribute has no path.
use portcullis::prelude::*;

/// List what there is.
#[get(access = Authenticated)]
async fn list() -> NoContent {
    NoContent
}

fn main() {}
