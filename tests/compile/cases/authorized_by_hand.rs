//! A handler makes an authorized object itself.
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
#[get("/notes", access = Authenticated)]
async fn read_note(me: Principal) -> Result<NoContent> {
    let id = me.id().ok_or_else(Problem::forbidden)?;
    let _note: Authorized<Read, Note> = Authorized::assume(Note { id, owner: id }, "it is mine");
    Ok(NoContent)
}

fn main() {}
