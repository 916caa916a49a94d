//! A pattern is a regular expression.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, max = 9), pattern("[(]"))]
    name: String,
}

fn main() {}
