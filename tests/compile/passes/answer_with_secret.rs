//! An answer holds what isn't secret.
use portcullis::prelude::*;

#[output]
struct KeyView {
    name: String,
    length: u32,
}

fn main() {}
