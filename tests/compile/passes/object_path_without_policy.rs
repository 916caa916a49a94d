//! A path names something that nobody owns, and its author says why.
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
#[get("/notes/{id}", access = Role::User, without_object = "every user reads every note")]
async fn read_note(Path(note): Path<NoteId>) -> Text {
    Text(note.id.to_string().into())
}

fn main() {}
