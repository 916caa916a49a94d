//! A field of an output is written as it is.
use portcullis::prelude::*;

#[output]
struct RowView {
    #[serde(rename = "title")]
    name: String,
}

fn main() {}
