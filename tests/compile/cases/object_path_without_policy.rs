//! A path names an object, and no object policy decides.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[input]
struct NoteId {
    id: Id,
}

/// Read a note.
#[get("/notes/{id}", access = Role::User)]
async fn read_note(Path(note): Path<NoteId>) -> Text {
    Text(note.id.to_string().into())
}

fn main() {}
