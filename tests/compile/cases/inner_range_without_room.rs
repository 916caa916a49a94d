//! No number lies in the range of items.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(range(min = -1, max = -2)))]
    counts: Vec<i8>,
}

fn main() {}
