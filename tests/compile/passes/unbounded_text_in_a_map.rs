//! The entries of a map have a bound.
use std::collections::BTreeMap;

use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(length(chars, max = 30)))]
    names: BTreeMap<String, String>,
}

fn main() {}
