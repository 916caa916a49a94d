//! A handler answers a text of unknown kind.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> String {
    "noon".to_owned()
}

fn main() {}
