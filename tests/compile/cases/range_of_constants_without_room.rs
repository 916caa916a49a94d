//! No number lies in a range of constants.
use portcullis::prelude::*;

const LEAST: u8 = 5;

#[input]
struct Note {
    #[check(range(min = LEAST, max = 1))]
    count: u8,
}

fn main() {}
