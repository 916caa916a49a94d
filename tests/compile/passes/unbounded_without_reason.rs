//! A field of an input is unbounded, and its author says why.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(unbounded = "the body limit is enough")]
    title: String,
}

fn main() {}
