//! The texts in a bounded list of an input may have any length.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(items(max = 20))]
    tags: Vec<String>,
}

fn main() {}
