//! A choice of words is read from another type.
use portcullis::prelude::*;

#[input]
#[serde(from = "String")]
enum Color {
    Red,
    Green,
}

fn main() {}
