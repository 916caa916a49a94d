//! A list of texts has a pattern for each, and no bound.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 20), inner(pattern("^[a-z]+$")))]
    tags: Vec<String>,
}

fn main() {}
