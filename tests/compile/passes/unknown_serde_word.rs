//! A field of an input has a word of serde's that inputs know.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[serde(rename = "name")]
    #[check(length(chars, max = 200))]
    title: String,
}

fn main() {}
