//! A path names an object, no object policy decides, and nobody says why.
use portcullis::prelude::*;

#[input]
struct NoteId {
    id: Id,
}

/// Read a note.
#[get("/notes/{id}", access = Authenticated, without_object = "")]
async fn read_note(Path(note): Path<NoteId>) -> Text {
    Text(note.id.to_string().into())
}

fn main() {}
