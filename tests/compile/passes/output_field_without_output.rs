//! A field of an answer is of a type that is meant for clients, even of its own type.
use portcullis::prelude::*;

#[output]
struct Author {
    name: String,
}

#[output]
struct NoteView {
    title: String,
    authors: Vec<Author>,
    answers: Vec<Self>,
}

fn main() {}
