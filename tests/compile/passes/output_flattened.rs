//! A map stands in an output under its name.
use std::collections::BTreeMap;

use portcullis::prelude::*;

#[output]
struct RowView {
    name: String,
    more: BTreeMap<String, String>,
}

fn main() {}
