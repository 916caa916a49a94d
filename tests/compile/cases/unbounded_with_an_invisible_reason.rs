//! The reason is a letter that shows nothing.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(unbounded = "ㅤ")]
    text: String,
}

fn main() {}
