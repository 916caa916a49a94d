//! Numbers lie in a range.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(min = 1, max = 5))]
    count: u8,
}

fn main() {}
