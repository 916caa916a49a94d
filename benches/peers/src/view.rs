//! The answers, field for field those of the notes example.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::store::User;

pub struct Note {
    pub id: String,
    pub owner: String,
    pub title: String,
    pub body: String,
    pub tags: String,
    pub created_at: i64,
}

impl Note {
    #[must_use]
    pub fn new(owner: String, title: String, body: String, tags: &[String]) -> Self {
        let created_at = Timestamp::now().as_microsecond();
        Self { id: Uuid::now_v7().to_string(), owner, title, body, tags: tags.join(" "), created_at }
    }
}

#[derive(Serialize)]
pub struct NoteView {
    pub id: String,
    title: String,
    body: String,
    tags: Vec<String>,
    created_at: Timestamp,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        let tags = note.tags.split_whitespace().map(str::to_owned).collect();
        Self { id: note.id, title: note.title, body: note.body, tags, created_at: time(note.created_at) }
    }
}

#[derive(Serialize)]
pub struct Page {
    pub items: Vec<NoteView>,
    pub next: Option<String>,
}

#[derive(Serialize)]
pub struct WhoAmI {
    pub sub: String,
    pub role: String,
}

#[derive(Serialize)]
pub struct UserView {
    id: String,
    username: String,
    email: Option<String>,
    email_verified: bool,
    role: String,
    disabled: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let at = time(user.created_at);
        Self {
            id: user.id,
            username: user.username,
            email: None,
            email_verified: false,
            role: user.role,
            disabled: user.disabled,
            created_at: at,
            updated_at: at,
            last_login_at: Some(at),
        }
    }
}

#[derive(Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: u64,
}

fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}
