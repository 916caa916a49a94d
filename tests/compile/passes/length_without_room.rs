//! Texts are of this length.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, min = 3, max = 9))]
    name: String,
}

fn main() {}
