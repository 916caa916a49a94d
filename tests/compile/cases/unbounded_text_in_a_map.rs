//! The entries of a map have a pattern, and no bound.
use std::collections::BTreeMap;

use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(pattern("^[a-z]+$")))]
    names: BTreeMap<String, String>,
}

fn main() {}
