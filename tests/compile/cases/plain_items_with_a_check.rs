//! Items of a plain type of serde are checked by a function: unknown fields pass.
use portcullis::prelude::*;

#[derive(portcullis::__private::serde::Deserialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
struct Tag {
    name: String,
}

fn is_short(tag: &Tag) -> std::result::Result<(), &'static str> {
    if tag.name.len() < 10 { Ok(()) } else { Err("The name is too long.") }
}

#[input]
struct Note {
    #[check(items(max = 20), inner(custom(is_short)))]
    tags: Vec<Tag>,
}

fn main() {}
