//! An authorized object is asked for, but the policy loads none.
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

/// A note as it goes out.
#[output]
struct NoteView {
    id: Id,
}

/// Read a note.
#[get("/notes/{id}", access = Authenticated)]
async fn read_note(note: Authorized<Read, Note>) -> Json<NoteView> {
    Json(NoteView { id: note.id })
}

fn main() {}
