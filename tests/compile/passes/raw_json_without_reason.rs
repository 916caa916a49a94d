//! An input holds JSON of any shape, and its author says why.
use portcullis::prelude::*;
use portcullis::web::extract::AnyJson;

#[input]
struct NewNote {
    #[check(unbounded = "kept for the client, never read")]
    extra: AnyJson,
}

fn main() {}
