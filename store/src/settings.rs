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
    /// How long to wait for a connection or a lock. A transaction that gives no order for twelve times as long is undone.
    pub wait: Duration,
    /// How long PostgreSQL may take for one statement, steps of a migration excepted, before it counts as unavailable.
    pub statement: Duration,
}

/// A database URL, taken apart.
pub(crate) enum Location {
    Sqlite(PathBuf),
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL reads it"))]
    Postgres(Secret),
}

impl DatabaseSettings {
    /// The database at this URL.
    ///
    /// `sqlite://data/app.db` is a file below the working folder, `sqlite:///var/lib/app.db` one from the root; the path is taken as it
    /// stands, without parameters. `postgres://user:password@host/name` is a server; a parameter that isn't known is refused, since the
    /// driver would ignore it (and log its value).
    #[must_use]
    pub const fn new(url: Secret) -> Self {
        Self { url, connections: 8, wait: Duration::from_secs(5), statement: Duration::from_secs(300) }
    }

    pub(crate) fn location(&self) -> Result<Location, StoreError> {
        let url = self.url.expose();
        let refused = |problem: String| Err(StoreError::Configuration(problem));
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            return match path {
                "" | "/" => refused("a SQLite URL names a file: sqlite://data/portcullis.db".to_owned()),
                path if path.contains(":memory:") => refused("a database in memory is lost at every stop: name a file".to_owned()),
                path if path.contains('?') => refused("a SQLite URL takes no parameters".to_owned()),
                path if path.contains('\0') => refused("a file name has no U+0000".to_owned()),
                path => Ok(Location::Sqlite(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return match unknown_parameter(url) {
                Some(name) => refused(format!("the PostgreSQL URL has a parameter that isn't known, take it out: {name}")),
                None => Ok(Location::Postgres(self.url.clone())),
            };
        }
        refused("a database URL begins with sqlite:// or postgres://".to_owned())
    }
}

/// The name of a parameter that the driver would ignore; names only, since a value may be a secret.
fn unknown_parameter(url: &str) -> Option<&str> {
    let (_, parameters) = url.split_once('?')?;
    let parameters = parameters.split_once('#').map_or(parameters, |(before, _)| before);
    let mut names = parameters.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').map_or(part, |(name, _)| name));
    names.find(|name| !PARAMETERS.contains(name) && !name.starts_with("options["))
}

const PARAMETERS: [&str; 17] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings").field("connections", &self.connections).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> DatabaseSettings {
        DatabaseSettings::new(Secret::new(url))
    }

    fn refusal(url: &str) -> String {
        settings(url).location().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_file_is_named_from_here_or_from_the_root() {
        for (url, expected) in [
            ("sqlite://data/a b.db", "data/a b.db"),
            ("sqlite:///var/a.db", "/var/a.db"),
            ("sqlite:a.db", "a.db"),
            ("sqlite://a%20b", "a%20b"),
        ] {
            assert!(matches!(settings(url).location(), Ok(Location::Sqlite(path)) if path.as_os_str() == expected), "{url}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_with_a_reason() {
        for (url, reason) in [
            ("", "sqlite:// or postgres://"),
            ("mysql://u:hunter2@h/d", "sqlite:// or postgres://"),
            ("SQLITE://a.db", "sqlite:// or postgres://"),
            ("sqlite://", "names a file"),
            ("sqlite::memory:", "name a file"),
            ("sqlite://a.db?mode=ro", "no parameters"),
            ("postgres://u@h/d?channel_binding=hunter2", "channel_binding"),
            ("postgres://u@h/d?sslmode=require&sslpassword=hunter2#x", "sslpassword"),
        ] {
            let said = refusal(url);
            assert!(said.contains(reason) && !said.contains("hunter2"), "{url}: {said}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let shown = format!("{:?}", settings("postgres://user:hunter2@host/name"));
        assert!(!shown.contains("hunter2") && !shown.contains("host"), "{shown}");
    }

    #[test]
    fn a_url_with_the_usual_parameters_is_accepted() {
        for url in [
            "postgres://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgresql://u@h:5432/d",
            "postgres:///d?host=/run/postgresql&user=u&",
        ] {
            assert_eq!(refusal(url), "", "{url}");
        }
    }
}
