//! A bound of an input has an upper end.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(length(chars, min = 1, max = 200))]
    title: String,
}

fn main() {}
