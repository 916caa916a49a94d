//! The lists in a list and their texts have a bound.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(items(max = 3), inner(length(chars, max = 30))))]
    rows: Vec<Vec<String>>,
}

fn main() {}
