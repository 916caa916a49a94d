//! The fields of an input have names.
use portcullis::prelude::*;

#[input]
struct NewNote {
    stars: u32,
}

fn main() {}
