//! A field of an answer says in the application's own words what is wrong.
use portcullis::prelude::*;

#[output]
struct Health {
    error: Option<String>,
}

fn main() {}
