//! A list of an input may have any number of items.
use portcullis::prelude::*;

#[input]
struct NewNote {
    tags: Vec<Slug>,
}

fn main() {}
