//! A handler takes an authorized object from the gate.
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

/// Read a note.
#[get("/notes/{id}", access = Can<Read, Note>)]
async fn read_note(note: Authorized<Read, Note>) -> Result<NoContent> {
    let _note: Note = note.into_inner();
    Ok(NoContent)
}

fn main() {}
