//! SQLite as the notes example has it: WAL, synchronous in full, one writer, eight readers.

use std::path::Path;

use sqlx::{FromRow, Row as _, SqlitePool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use uuid::Uuid;

use crate::view::Note;

type Result<T> = std::result::Result<T, sqlx::Error>;

#[derive(Clone)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
}

#[derive(Clone)]
pub struct User {
    pub id: String,
    pub username: String,
    pub role: String,
    pub password_hash: String,
    pub disabled: bool,
    pub created_at: i64,
}

// By place, which is quicker than the derived implementation's names.
impl<'row> FromRow<'row, SqliteRow> for User {
    fn from_row(row: &'row SqliteRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            username: row.try_get(1)?,
            role: row.try_get(2)?,
            password_hash: row.try_get(3)?,
            disabled: row.try_get(4)?,
            created_at: row.try_get(5)?,
        })
    }
}

impl<'row> FromRow<'row, SqliteRow> for Note {
    fn from_row(row: &'row SqliteRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            owner: row.try_get(1)?,
            title: row.try_get(2)?,
            body: row.try_get(3)?,
            tags: row.try_get(4)?,
            created_at: row.try_get(5)?,
        })
    }
}

impl Store {
    pub async fn open(folder: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("peer.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::raw_sql(TABLES).execute(&writer).await?;
        let readers = pool(8).connect_with(options).await?;
        Ok(Self { writer, readers })
    }

    pub async fn add_user(&self, username: &str, role: &str, password_hash: &str, now: i64) -> Result<()> {
        let insert =
            sqlx::query("INSERT INTO users (id, username, role, password_hash, disabled, created_at) VALUES ($1, $2, $3, $4, 0, $5)");
        let insert = insert.bind(Uuid::now_v7().to_string()).bind(username).bind(role).bind(password_hash).bind(now);
        insert.execute(&self.writer).await.map(drop)
    }

    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>> {
        sqlx::query_as("SELECT id, username, role, password_hash, disabled, created_at FROM users WHERE username = $1")
            .bind(username)
            .fetch_optional(&self.readers)
            .await
    }

    pub async fn user(&self, id: &str) -> Result<Option<User>> {
        sqlx::query_as("SELECT id, username, role, password_hash, disabled, created_at FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
    }

    pub async fn note(&self, id: &str) -> Result<Option<Note>> {
        sqlx::query_as("SELECT id, owner, title, body, tags, created_at FROM notes WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
    }

    pub async fn notes(&self, owner: &str, limit: i64) -> Result<Vec<Note>> {
        sqlx::query_as("SELECT id, owner, title, body, tags, created_at FROM notes WHERE owner = $1 ORDER BY id DESC LIMIT $2")
            .bind(owner)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
    }

    pub async fn insert(&self, note: &Note) -> Result<()> {
        let insert = sqlx::query("INSERT INTO notes (id, owner, title, body, tags, created_at) VALUES ($1, $2, $3, $4, $5, $6)");
        let insert = insert.bind(&note.id).bind(&note.owner).bind(&note.title).bind(&note.body).bind(&note.tags).bind(note.created_at);
        insert.execute(&self.writer).await.map(drop)
    }
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
                                      password_hash TEXT NOT NULL, disabled BOOLEAN NOT NULL, created_at BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
                                      tags TEXT NOT NULL, created_at BIGINT NOT NULL);
    CREATE INDEX IF NOT EXISTS notes_by_owner ON notes (owner, id);";
