//! A field of an input names a check that exists.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(length(chars, max = 200))]
    title: String,
}

fn main() {}
