//! An input's names are in a style that doesn't exist for inputs.
use portcullis::prelude::*;

#[input]
#[serde(rename_all = "UPPERCASE")]
struct NewNote {
    #[check(length(chars, max = 200))]
    first_title: String,
}

fn main() {}
