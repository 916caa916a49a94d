//! A field of an output is written by a function.
use portcullis::prelude::*;

#[output]
struct RowView {
    #[serde(serialize_with = "all_of_it")]
    name: String,
}

fn main() {}
