//! An answer is meant for clients.
use portcullis::prelude::*;

/// A note of somebody.
#[output]
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

/// Read a note.
#[get("/notes/{id}", access = Can<Read, Note>)]
async fn read_note(note: Authorized<Read, Note>) -> Json<Note> {
    Json(note.into_inner())
}

fn main() {}
