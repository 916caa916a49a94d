use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::StoreError;
use crate::database::Pools;
use crate::lane::Lane;
use crate::settings::DatabaseSettings;

pub(crate) async fn sqlite(path: &Path, settings: &DatabaseSettings) -> Result<Pools, StoreError> {
    make_file(path).map_err(|error| StoreError::Configuration(format!("cannot open {}: {error}", path.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.wait)
        .pragma("trusted_schema", "off")
        .statement_cache_capacity(256);
    let writer = Lane::new(options.clone(), 1, settings.wait);
    let readers = Lane::new(options.pragma("query_only", "on"), settings.connections, settings.wait);
    for lane in [&writer, &readers] {
        drop(lane.lease().await.map_err(|error| named(error, path))?);
    }
    Ok(Pools::Sqlite { writer, readers })
}

/// Makes the file before SQLite would, so that only its owner can read it; SQLite gives its side files the same mode.
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map(drop)
}

/// Says of which file SQLite speaks, which it doesn't say itself.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other errors concern no file")]
fn named(error: StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::Corrupt(problem) => StoreError::Corrupt(format!("{}: {problem}", path.display())),
        StoreError::Unavailable(problem) => {
            StoreError::Unavailable(format!("{}: {problem}: is there room, and may this user write there?", path.display()))
        }
        other => other,
    }
}

#[cfg(feature = "postgres")]
pub(crate) async fn postgres(url: &str, settings: &DatabaseSettings) -> Result<Pools, StoreError> {
    use std::str::FromStr as _;
    use std::time::Duration;

    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use sqlx::{ConnectOptions as _, Connection as _};

    let mut options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Configuration("the PostgreSQL URL cannot be read".to_owned()))?
        .statement_cache_capacity(256);
    if options.get_application_name().is_none() {
        options = options.application_name("portcullis");
    }
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections.max(1))
        .acquire_timeout(settings.wait)
        // Asking before every statement would double its cost; a connection that rested may have lost its server.
        .test_before_acquire(false)
        .before_acquire(|connection, rested| {
            Box::pin(async move {
                if rested.idle_for > Duration::from_secs(1) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.clone());
    match pool.acquire().await {
        Ok(_) => return Ok(Pools::Postgres(pool)),
        // The pool kept trying, in case the server is just starting, and forgot why it couldn't: one more attempt says why.
        Err(sqlx::Error::PoolTimedOut) => {}
        Err(error) => return Err(StoreError::of_postgres(error)),
    }
    match tokio::time::timeout(settings.wait, options.connect()).await {
        Ok(Ok(connection)) => drop(connection.close().await),
        Ok(Err(error)) => return Err(StoreError::of_postgres(error)),
        Err(_) => return Err(StoreError::Unavailable("PostgreSQL does not answer".to_owned())),
    }
    Ok(Pools::Postgres(pool))
}
