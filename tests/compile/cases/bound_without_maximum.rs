//! A bound of an input has no upper end.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(length(chars, min = 1))]
    title: String,
}

fn main() {}
