//! An object is authorized for the action that the policy decides on.
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

/// Throw a note away.
#[delete("/notes/{id}", access = Can<Delete, Note>)]
async fn delete_note(note: Authorized<Delete, Note>, database: Database) -> Result<NoContent> {
    database.query("DELETE FROM notes WHERE id = $1").bind(note.id).execute().await?;
    Ok(NoContent)
}

fn main() {}
