//! The field may be absent.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(length(chars, min = 1, max = 5))]
    #[serde(default)]
    name: Option<String>,
}

fn main() {}
