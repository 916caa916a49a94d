//! A check doesn't fit the type of its field.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(length(chars, max = 200))]
    stars: u8,
}

fn main() {}
