//! An input holds JSON of any shape, and nobody says why.
use portcullis::web::extract::AnyJson;
use portcullis::prelude::*;

#[input]
struct NewNote {
    extra: AnyJson,
}

fn main() {}
