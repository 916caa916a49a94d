//! A path names something that nobody owns, and its author says why.
use portcullis::prelude::*;

#[input]
struct NoteId {
    id: Id,
}

/// Read a note.
#[get("/notes/{id}", access = Authenticated, without_object = "every user reads every note")]
async fn read_note(Path(note): Path<NoteId>) -> Text {
    Text(note.id.to_string().into())
}

fn main() {}
