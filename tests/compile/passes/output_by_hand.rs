//! An output is made by its attribute.
use portcullis::prelude::*;

/// A row as it goes out.
#[output]
struct RowView {
    name: String,
}

fn main() {}
