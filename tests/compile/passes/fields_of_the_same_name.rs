//! Fields have names of their own.
use portcullis::prelude::*;

#[input]
struct Note {
    first: u8,
    #[serde(rename = "other")]
    second: u8,
}

fn main() {}
