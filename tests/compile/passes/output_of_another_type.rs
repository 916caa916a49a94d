//! An output is sent as it is.
use portcullis::prelude::*;

#[output]
#[serde(rename_all = "camelCase")]
struct RowView {
    name: String,
}

fn main() {}
