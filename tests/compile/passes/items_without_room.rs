//! Lists have as many items.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(min = 3, max = 9))]
    counts: Vec<u8>,
}

fn main() {}
