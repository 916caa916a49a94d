//! Numbers lie in a range of constants.
use portcullis::prelude::*;

const LEAST: u8 = 5;

#[input]
struct Note {
    #[check(range(min = LEAST, max = 9))]
    count: u8,
}

fn main() {}
