//! A type counts its own length.
use portcullis::prelude::*;
use portcullis::web::extract::CharLength;

/// The number of a book, which has its own parser.
#[derive(portcullis::__private::serde::Deserialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
struct Number(String);

impl CharLength for Number {
    fn char_length(&self) -> Option<usize> {
        None
    }
    fn text(&self) -> Option<&str> {
        None
    }
}

#[input]
struct Note {
    #[check(length(chars, max = 13))]
    number: Number,
}

fn main() {}
