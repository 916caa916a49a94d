//! Two fields have the same name.
use portcullis::prelude::*;

#[input]
struct Note {
    first: u8,
    #[serde(rename = "first")]
    second: u8,
}

fn main() {}
