//! An answer holds a secret.
use portcullis::prelude::*;

#[output]
struct KeyView {
    name: String,
    key: Secret,
}

fn main() {}
