//! A list of texts has a pattern and a bound for each.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 20), inner(length(chars, max = 30), pattern("^[a-z]+$")))]
    tags: Vec<String>,
}

fn main() {}
