//! A range has no bound.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range())]
    count: u8,
}

fn main() {}
