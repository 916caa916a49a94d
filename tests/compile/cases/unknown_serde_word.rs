//! A field of an input has a word of serde's that inputs don't know.
use portcullis::prelude::*;

#[input]
struct NewNote {
    #[serde(alias = "name")]
    #[check(length(chars, max = 200))]
    title: String,
}

fn main() {}
