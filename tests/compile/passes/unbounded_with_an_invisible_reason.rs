//! The reason is words.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(unbounded = "the body limit is its bound")]
    text: String,
}

fn main() {}
