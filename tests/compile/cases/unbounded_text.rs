//! A text of an input may have any length.
use portcullis::prelude::*;

#[input]
struct NewNote {
    title: String,
}

fn main() {}
