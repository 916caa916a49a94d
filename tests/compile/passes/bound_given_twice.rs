//! A bound stands once.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(max = 5))]
    count: u8,
}

fn main() {}
