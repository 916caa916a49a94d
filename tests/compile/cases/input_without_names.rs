//! The fields of an input have no names.
use portcullis::prelude::*;

#[input]
struct NewNote(u32);

fn main() {}
