//! The lists in a list have a bound, their texts have none.
use portcullis::prelude::*;

#[input]
struct Note {
    #[check(items(max = 3), inner(items(max = 3)))]
    rows: Vec<Vec<String>>,
}

fn main() {}
