//! A field of an input is unbounded, and nobody says why.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(unbounded = "")]
    title: String,
}

fn main() {}
