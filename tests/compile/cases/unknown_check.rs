//! A field of an input names a check that doesn't exist.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(size(max = 200))]
    title: String,
}

fn main() {}
