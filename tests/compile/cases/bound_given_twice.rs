//! A bound stands twice.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(max = 5, max = 200))]
    count: u8,
}

fn main() {}
