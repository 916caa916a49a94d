//! A list of an input has a bound, and so have the texts in it.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[check(items(max = 20), inner(length(chars, max = 30)))]
    tags: Vec<String>,
}

fn main() {}
