//! A pattern is small.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, max = 9), pattern(r"^\w{1,9}$"))]
    name: String,
}

fn main() {}
