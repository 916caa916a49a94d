//! The fields of a map stand among those of an output.
use std::collections::BTreeMap;

use portcullis::prelude::*;

#[output]
struct RowView {
    name: String,
    #[serde(flatten)]
    more: BTreeMap<String, String>,
}

fn main() {}
