//! A field of an answer is of a type that isn't meant for clients.
use portcullis::prelude::*;

struct Author {
    name: String,
}

#[output]
struct NoteView {
    title: String,
    authors: Vec<Author>,
}

fn main() {}
