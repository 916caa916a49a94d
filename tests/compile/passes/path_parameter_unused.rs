//! Every parameter of the path is taken by something.
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

#[input]
struct Version {
    version: u32,
}

/// Read an old version of a note.
#[get("/notes/{id}/versions/{version}", access = Can<Read, Note>)]
async fn read_version(note: Authorized<Read, Note>, Path(version): Path<Version>) -> Json<NoteView> {
    let _ = version.version;
    Json(NoteView { id: note.id })
}

fn main() {}
