use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// Where the file is, and how long its lock is waited for.
#[derive(Clone)]
pub(super) struct Place {
    path: PathBuf,
    pub(super) wait: Duration,
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

impl Place {
    /// Makes the file, if there is none.
    pub(super) fn make(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        make_file(path).map_err(|error| StoreError::Configuration(format!("cannot open {}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), wait })
    }

    /// The same file, with another wait for its lock.
    pub(super) fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Opens a connection with the safe settings: every commit reaches the disk, references hold, the schema is not trusted.
    pub(super) fn open(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let opened = Connection::open_with_flags(self.resolved(), flags).and_then(|connection| {
            connection.busy_timeout(self.wait)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            // A misspelt column between double quotes is an error, not a text.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
            // One plan for a statement, whatever its values: else SQLite plans it anew whenever a value might matter.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            connection.execute_batch(match purpose {
                Purpose::Write => WRITER,
                Purpose::Read => READER,
            })?;
            Ok(connection)
        });
        opened.map_err(|error| self.named(StoreError::of_sqlite(&error)))
    }

    /// Says of which file SQLite speaks, which it doesn't say itself.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors concern no file")]
    fn named(&self, error: StoreError) -> StoreError {
        let path = self.path.display();
        match error {
            StoreError::Corrupt(problem) => StoreError::Corrupt(format!("{path}: {problem}")),
            StoreError::Unavailable(problem) => {
                StoreError::Unavailable(format!("{path}: {problem}: is there room, and may this user write there?"))
            }
            other => other,
        }
    }

    /// The file itself: links to it are followed once, here, and never again.
    fn resolved(&self) -> PathBuf {
        self.path.canonicalize().unwrap_or_else(|_| self.path.clone())
    }
}

/// Makes the file before SQLite would, so that only its owner can read it; SQLite gives its side files the same mode.
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map(drop)
}

const STATEMENTS: usize = 256;
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
const READER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
    PRAGMA query_only = ON;";
