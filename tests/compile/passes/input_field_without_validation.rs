//! A field of an input is of a type that is validated.
use portcullis::prelude::*;

#[input]
struct Author {
    #[check(length(chars, max = 50))]
    name: String,
}

#[input]
struct NewNote {
    author: Author,
}

fn main() {}
