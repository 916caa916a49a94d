//! A text of an input has a bound.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(length(chars, max = 200))]
    title: String,
}

fn main() {}
