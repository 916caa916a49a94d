//! A word of serde stands where everybody sees it.
use portcullis::prelude::*;

#[output]
enum Answer {
    #[serde(rename = "y")]
    Yes,
    No,
}

fn main() {}
