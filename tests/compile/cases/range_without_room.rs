//! No number lies in a range.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(min = 5, max = 1))]
    count: u8,
}

fn main() {}
