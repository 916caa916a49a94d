//! A word of serde stands where only another configuration would show it.
use portcullis::prelude::*;

#[output]
enum Answer {
    #[cfg_attr(all(), serde(rename = "y"))]
    Yes,
    No,
}

fn main() {}
