use std::io::Write as _;
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

impl Guard {
    /// Keeps nothing, for a database that the test looks after itself.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }
}

/// Whether the tests run on this database, by `PORTCULLIS_TEST_DATABASES`: SQLite alone when it is unset. A test that doesn't run says so
/// on standard error.
///
/// # Errors
/// When the variable names another database, or none; when it is unset in a pipeline (`CI` is set) and the test would be left out: a
/// pipeline says what it leaves out.
pub fn selected(backend: Backend) -> Result<bool, Failure> {
    #[expect(clippy::disallowed_methods, reason = "a choice of the test run, not a setting of the program")]
    let (selection, is_pipeline) = (std::env::var(VARIABLE).ok(), std::env::var_os("CI").is_some());
    let is_selected = is_among(backend, selection.as_deref(), is_pipeline)?;
    if !is_selected {
        let thread = std::thread::current();
        let line = format!("SKIPPED {}: {VARIABLE} does not name {backend:?}\n", thread.name().unwrap_or("a test"));
        // Not by a macro, whose output is captured: it is seen of tests that pass.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    Ok(is_selected)
}

fn is_among(backend: Backend, selection: Option<&str>, is_pipeline: bool) -> Result<bool, Failure> {
    let named: Result<Vec<Backend>, Failure> = selection
        .unwrap_or("sqlite")
        .split(',')
        .map(|name| match name.trim() {
            "sqlite" => Ok(Backend::Sqlite),
            "postgres" => Ok(Backend::Postgres),
            other => Err(Failure(format!("{VARIABLE} is `sqlite` or `sqlite,postgres`, not `{other}`"))),
        })
        .collect();
    let is_selected = named?.contains(&backend);
    if !is_selected && is_pipeline && selection.is_none() {
        return Err(Failure(format!("a pipeline names the databases of its tests: set {VARIABLE} to `sqlite` or `sqlite,postgres`")));
    }
    Ok(is_selected)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_must_name_the_databases_and_nobody_may_name_another() {
        let both = [Backend::Sqlite, Backend::Postgres];
        let ask = |selection, is_pipeline| both.map(|backend| is_among(backend, selection, is_pipeline).ok());
        assert_eq!(ask(None, false), [Some(true), Some(false)]);
        assert_eq!(ask(None, true), [Some(true), None]);
        assert_eq!(ask(Some("sqlite"), true), [Some(true), Some(false)]);
        assert_eq!(ask(Some("sqlite, postgres"), true), [Some(true), Some(true)]);
        assert_eq!((ask(Some(""), false), ask(Some("mysql"), false)), ([None, None], [None, None]));
    }
}
