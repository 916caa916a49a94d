//! A field says why its type needs no bound here.
use portcullis::prelude::*;

/// The number of a book, which has its own parser.
#[derive(portcullis::__private::serde::Deserialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
struct Number(String);

#[input]
struct Note {
    #[check(unbounded = "a number of a book has its own parser")]
    number: Number,
}

fn main() {}
