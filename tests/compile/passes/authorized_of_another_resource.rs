//! An object is of the kind that the policy decides on.
use portcullis::prelude::*;

/// A note of somebody.
#[derive(Record)]
struct Note {
    id: Id,
    owner: Id,
}

impl Resource for Note {
    const NAME: &'static str = "note";
    type Key = Id;

    async fn load(id: Id, database: &Database) -> Result<Option<Self>> {
        Ok(database.query("SELECT id, owner FROM notes WHERE id = $1").bind(id).fetch_optional().await?)
    }
}

impl Owned for Note {
    fn owner(&self) -> Id {
        self.owner
    }
}

/// A book of notes.
struct Book;

impl Resource for Book {
    const NAME: &'static str = "book";
    type Key = Id;

    async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
        Ok(None)
    }
}

impl Permits<Read> for Book {
    fn permits(&self, _: &Principal) -> bool {
        true
    }
}

/// A note as it goes out.
#[output]
struct NoteView {
    id: Id,
}

/// Read a note.
#[get("/notes/{id}", access = Can<Read, Note>)]
async fn read_note(note: Authorized<Read, Note>) -> Json<NoteView> {
    Json(NoteView { id: note.id })
}

fn main() {}
