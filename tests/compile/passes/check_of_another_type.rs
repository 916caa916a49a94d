//! A check fits the type of its field.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(range(min = 1, max = 5))]
    stars: u8,
}

fn main() {}
