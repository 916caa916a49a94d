//! No list has as many items.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(min = 9, max = 3))]
    counts: Vec<u8>,
}

fn main() {}
