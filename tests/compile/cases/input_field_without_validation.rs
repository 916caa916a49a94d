//! A field of an input is of a type without validation.
use portcullis::prelude::*;

struct Author {
    name: String,
}

#[input]
struct NewNote {
    author: Author,
}

fn main() {}
