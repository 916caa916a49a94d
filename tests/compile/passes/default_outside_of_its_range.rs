//! The default is inside of the range.
use portcullis::prelude::*;

const fn three() -> u8 {
    3
}

#[input]
struct Note {
    #[check(range(min = 1, max = 5))]
    #[serde(default = "three")]
    stars: u8,
}

fn main() {}
