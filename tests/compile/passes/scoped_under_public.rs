//! A list is scoped to a caller who is signed in.
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

/// Count my notes.
#[get("/notes/count", access = Authenticated)]
async fn count_notes(mine: Scoped<Note>) -> Text {
    Text(format!("{:?}", mine.owner()).into())
}

fn main() {}
