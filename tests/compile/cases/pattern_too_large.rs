//! A pattern takes more memory than a regular expression may.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, max = 9), pattern(r"^(\w{1000}){1000}$"))]
    name: String,
}

fn main() {}
