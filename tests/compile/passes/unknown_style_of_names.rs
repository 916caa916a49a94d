//! An input's names are in a style that exists.
use portcullis::prelude::*;

#[input]
#[serde(rename_all = "camelCase")]
struct NewNote {
    #[check(length(chars, max = 200))]
    first_title: String,
}

fn main() {}
