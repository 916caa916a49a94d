//! A choice of words is read from its words.
use portcullis::prelude::*;

#[input]
enum Color {
    #[serde(rename = "RED")]
    Red,
    Green,
}

fn main() {}
