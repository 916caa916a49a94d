use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::server::{Failure, Server};

/// A database that the tests can run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// Embedded SQLite.
    Sqlite,
    /// A PostgreSQL server of the test process.
    Postgres,
}

/// Keeps a fresh database alive; dropping it removes a SQLite folder. A PostgreSQL database goes with its server.
#[derive(Debug)]
pub struct Guard(#[expect(dead_code, reason = "kept until it is dropped")] Option<TempDir>);

/// The databases that `PORTCULLIS_TEST_DATABASES` selects; SQLite when it is unset.
///
/// # Errors
/// When it names another database, or none.
pub fn backends() -> Result<Vec<Backend>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "a choice of the test run, not a setting of the program")]
    let selection = std::env::var(VARIABLE).unwrap_or_else(|_| "sqlite".to_owned());
    selection
        .split(',')
        .map(|name| match name.trim() {
            "sqlite" => Ok(Backend::Sqlite),
            "postgres" => Ok(Backend::Postgres),
            other => Err(Failure(format!("{VARIABLE} is `sqlite` or `sqlite,postgres`, not `{other}`"))),
        })
        .collect()
}

/// Whether the tests run on this database.
///
/// # Errors
/// When the selection can't be read.
pub fn selected(backend: Backend) -> Result<bool, Failure> {
    Ok(backends()?.contains(&backend))
}

/// The URL of a new, empty database; the PostgreSQL server starts with the first one.
///
/// # Errors
/// When it can't be made, for example because PostgreSQL isn't installed.
pub fn fresh(backend: Backend) -> Result<(String, Guard), Failure> {
    match backend {
        Backend::Sqlite => {
            let folder = tempfile::tempdir().map_err(|error| Failure(format!("no temporary folder: {error}")))?;
            Ok((format!("sqlite://{}/test.db", folder.path().display()), Guard(Some(folder))))
        }
        Backend::Postgres => {
            static SERVER: OnceLock<Result<Server, Failure>> = OnceLock::new();
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let server = SERVER.get_or_init(Server::start).as_ref().map_err(Clone::clone)?;
            let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
            server.create_database(&name)?;
            Ok((server.url(&name), Guard(None)))
        }
    }
}

const VARIABLE: &str = "PORTCULLIS_TEST_DATABASES";
