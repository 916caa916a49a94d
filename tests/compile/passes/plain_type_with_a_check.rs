//! An input is checked by a function as well.
use portcullis::prelude::*;

#[input]
struct Tag {
    #[check(length(chars, max = 30))]
    name: String,
}

fn is_short(tag: &Tag) -> std::result::Result<(), &'static str> {
    if tag.name.len() < 10 { Ok(()) } else { Err("The name is too long.") }
}

#[input]
struct Note {
    #[check(custom(is_short))]
    tag: Tag,
}

fn main() {}
