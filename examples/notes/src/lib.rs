//! Notes that belong to their author: the example of the guide, complete.
//!
//! ```sh
//! cargo run --release -p notes
//! ```

use portcullis::prelude::*;

/// The roles, from least to most trusted.
#[derive(Debug, Role)]
pub enum Role {
    /// Reads what is open.
    Guest,
    /// Writes notes.
    User,
    /// Sees every note.
    Admin,
}

/// A note as it stands in the database.
#[derive(Record)]
struct Note {
    id: Id,
    owner: Id,
    title: String,
    body: String,
    tags: String,
    created_at: Timestamp,
}

/// The path `/notes/{id}` names a note: this is how it is found.
impl Resource for Note {
    const NAME: &'static str = "note";
    type Key = Id;

    async fn load(id: Id, database: &Database) -> Result<Option<Self>> {
        let note = database.query("SELECT id, owner, title, body, tags, created_at FROM notes WHERE id = $1").bind(id);
        Ok(note.fetch_optional().await?)
    }
}

/// A note belongs to its author; to everyone else it doesn't exist.
impl Owned for Note {
    fn owner(&self) -> Id {
        self.owner
    }
}

/// A note as it comes in.
#[input]
struct NewNote {
    /// What the note is about.
    #[check(length(chars, min = 1, max = 200))]
    title: PlainText,
    /// The text.
    #[check(length(chars, max = 10_000))]
    #[serde(default = "PlainText::empty")]
    body: PlainText,
    /// Words to find it by.
    #[check(items(max = 20))]
    #[serde(default)]
    tags: Vec<Slug>,
}

/// A note as it goes out.
#[output]
struct NoteView {
    id: Id,
    title: String,
    body: String,
    tags: Vec<String>,
    created_at: Timestamp,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        let tags = note.tags.split_whitespace().map(str::to_owned).collect();
        Self { id: note.id, title: note.title, body: note.body, tags, created_at: note.created_at }
    }
}

/// Who is asking.
#[output]
struct WhoAmI {
    sub: String,
    role: &'static str,
}

/// Write a note down.
#[post("/notes", access = Role::User, scope = "notes:write")]
async fn create_note(me: Principal, database: Database, clock: Clock, Json(new): Json<NewNote>) -> Result<Created<NoteView>> {
    let now = clock.now();
    let note = new.into_note(Id::new(now), me.owner().ok_or_else(Problem::forbidden)?, now);
    let insert = database.query("INSERT INTO notes (id, owner, title, body, tags, created_at) VALUES ($1, $2, $3, $4, $5, $6)");
    insert.bind(note.id).bind(note.owner).bind(&note.title).bind(&note.body).bind(&note.tags).bind(note.created_at).execute().await?;
    let path = format!("/notes/{}", note.id);
    Ok(Created::new(note.into()).at(path))
}

/// List my notes, newest first.
#[get("/notes", access = Role::User, scope = "notes:read")]
async fn list_notes(mine: Scoped<Note>, page: PageRequest, database: Database) -> Result<Page<NoteView>> {
    let notes = database.query(
        "SELECT id, owner, title, body, tags, created_at FROM notes
         WHERE owner = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
    );
    let notes = notes.bind(mine.owner()).bind(page.after()).bind(page.fetch()).fetch_all().await?;
    Ok(page.finish(notes, |note: &Note| note.id.to_string(), NoteView::from))
}

/// Read one note of mine.
#[get("/notes/{id}", access = Can<Read, Note>, scope = "notes:read")]
async fn read_note(note: Authorized<Read, Note>) -> Json<NoteView> {
    Json(note.into_inner().into())
}

/// Replace one note of mine.
#[put("/notes/{id}", access = Can<Change, Note>, scope = "notes:write")]
async fn replace_note(note: Authorized<Change, Note>, database: Database, Json(new): Json<NewNote>) -> Result<Json<NoteView>> {
    let note = new.into_note(note.id, note.owner, note.created_at);
    let update = database.query("UPDATE notes SET title = $1, body = $2, tags = $3 WHERE id = $4");
    update.bind(&note.title).bind(&note.body).bind(&note.tags).bind(note.id).execute().await?;
    Ok(Json(note.into()))
}

/// Throw one note of mine away.
#[delete("/notes/{id}", access = Can<Delete, Note>, scope = "notes:write")]
async fn delete_note(note: Authorized<Delete, Note>, database: Database) -> Result<NoContent> {
    database.query("DELETE FROM notes WHERE id = $1").bind(note.id).execute().await?;
    Ok(NoContent)
}

/// List everybody's notes, newest first.
#[get("/admin/notes", access = Role::Admin, scope = "admin:notes", unscoped = "administrators see every note")]
async fn list_all_notes(page: PageRequest, database: Database) -> Result<Page<NoteView>> {
    let notes = database.query(
        "SELECT id, owner, title, body, tags, created_at FROM notes
         WHERE ($1 IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
    );
    let notes = notes.bind(page.after()).bind(page.fetch()).fetch_all().await?;
    Ok(page.finish(notes, |note: &Note| note.id.to_string(), NoteView::from))
}

/// Say who is asking, straight from the verified token.
#[get("/whoami", access = Authenticated, scope = "account:read")]
async fn whoami(me: Principal) -> Json<WhoAmI> {
    Json(WhoAmI { sub: me.subject().to_owned(), role: me.role() })
}

impl NewNote {
    fn into_note(self, id: Id, owner: Id, created_at: Timestamp) -> Note {
        let tags: Vec<String> = self.tags.into_iter().map(String::from).collect();
        Note { id, owner, title: self.title.into(), body: self.body.into(), tags: tags.join(" "), created_at }
    }
}

/// The tables; steps are only ever appended.
const MIGRATIONS: &[Migration] = &[Migration::both(
    1,
    "notes",
    "CREATE TABLE notes (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
                         tags TEXT NOT NULL, created_at BIGINT NOT NULL);
     CREATE INDEX notes_by_owner ON notes (owner, id);",
)];

/// The application: `main` runs it, tests call it.
pub fn app(accounts: Accounts) -> App<Role, impl Sized> {
    App::new("Notes")
        .accounts(accounts)
        .migrations("notes", MIGRATIONS)
        .scope("notes:read", "Read your notes")
        .scope("notes:write", "Write, change and delete your notes")
        .scope("admin:notes", "Read everybody's notes")
        .endpoints(endpoints![create_note, list_notes, read_note, replace_note, delete_note, list_all_notes, whoami])
}
