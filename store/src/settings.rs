use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use portcullis_core::Secret;

use crate::StoreError;

/// Where the database is and how many connections to keep.
#[derive(Clone)]
pub struct DatabaseSettings {
    url: Secret,
    /// The most connections: readers on SQLite (which has one writer besides), all on PostgreSQL.
    pub connections: u32,
    /// How long to wait for a connection or a lock.
    pub wait: Duration,
}

/// A database URL, taken apart.
pub(crate) enum Location {
    Sqlite(PathBuf),
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL reads it"))]
    Postgres(Secret),
}

impl DatabaseSettings {
    /// The database at this URL: `sqlite://PATH` or `postgres://…`.
    #[must_use]
    pub const fn new(url: Secret) -> Self {
        Self { url, connections: 8, wait: Duration::from_secs(5) }
    }

    pub(crate) fn location(&self) -> Result<Location, StoreError> {
        let url = self.url.expose();
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            let path = path.split('?').next().unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::Configuration("a SQLite URL names a file: sqlite://data/portcullis.db".to_owned()));
            }
            return Ok(Location::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Postgres(self.url.clone()));
        }
        Err(StoreError::Configuration("a database URL begins with sqlite:// or postgres://".to_owned()))
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings").field("connections", &self.connections).finish_non_exhaustive()
    }
}
