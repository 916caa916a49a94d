//! A list of an input has a bound.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(items(max = 20))]
    tags: Vec<Slug>,
}

fn main() {}
