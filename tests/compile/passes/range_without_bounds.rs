//! A range has a bound.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(max = 9))]
    count: u8,
}

fn main() {}
