//! Numbers lie in the range of items.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(range(min = -2, max = -1)))]
    counts: Vec<i8>,
}

fn main() {}
