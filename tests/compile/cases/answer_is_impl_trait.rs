//! A handler doesn't name the type of its answer.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> impl Sized {
    Text("noon".into())
}

fn main() {}
