//! The length bounds the repetition.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(length(chars, min = 280, max = 280), pattern(r"^\w+$"))]
    word: String,
}

fn main() {}
