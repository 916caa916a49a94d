//! No text is of this length.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, min = 9, max = 3))]
    name: String,
}

fn main() {}
