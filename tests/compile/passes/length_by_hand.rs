//! A text has a length.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, max = 13))]
    number: String,
}

fn main() {}
