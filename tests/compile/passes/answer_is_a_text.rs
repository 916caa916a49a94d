//! A handler says what kind of text it answers.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> Text {
    Text("noon".into())
}

fn main() {}
