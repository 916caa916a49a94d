//! A pattern that is small enough only when it is read forwards.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(length(chars, max = 500), pattern(r"^\w{280}$"))]
    word: String,
}

fn main() {}
