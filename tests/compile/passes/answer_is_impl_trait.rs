//! A handler names the type of its answer.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> Text {
    Text("noon".into())
}

fn main() {}
