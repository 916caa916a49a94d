//! The default is outside of the range.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(range(min = 1, max = 5))]
    #[serde(default)]
    stars: u8,
}

fn main() {}
