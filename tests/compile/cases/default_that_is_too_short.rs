//! The default is shorter than the bound.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, min = 1, max = 5))]
    #[serde(default)]
    name: String,
}

fn main() {}
