use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::query::{Query, Target};
use crate::settings::{DatabaseSettings, Location};
use crate::transaction::{Connection, Transaction};
use crate::StoreError;

/// The database; cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Pools>);

pub(crate) enum Pools {
    Sqlite {
        /// The one connection that writes: writers queue here, in order, instead of failing on the file's lock.
        writer: SqlitePool,
        readers: SqlitePool,
    },
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgPool),
}

/// Which database this is; needed only where the dialects differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Embedded SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Database {
    /// Connects, and makes the SQLite file (mode 0600) if there is none. Does not migrate.
    ///
    /// # Errors
    /// When the settings name no usable database, or it can't be reached.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        match settings.location()? {
            Location::Sqlite(path) => sqlite(&path, settings).await,
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => postgres(url.expose(), settings).await,
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => Err(StoreError::Configuration("this program was built without PostgreSQL (feature `postgres`)".to_owned())),
        }
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match *self.0 {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.query("SELECT 1").fetch_one::<(i64,)>().await.map(drop).or_else(|error| match error {
            StoreError::Decode { .. } => Ok(()),
            other => Err(other),
        })
    }

    /// A statement. What only reads runs beside others; what writes waits its turn on SQLite.
    pub fn query(&self, sql: &'static str) -> Query<'_> {
        Query::new(Target::Database(self), sql)
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// When the database can't be reached, or stays locked for longer than the wait.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction(match &*self.0 {
            Pools::Sqlite { writer, .. } => Connection::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        }))
    }

    /// Closes every connection; what is written stays written.
    pub async fn close(&self) {
        match &*self.0 {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.0
    }
}

async fn sqlite(path: &Path, settings: &DatabaseSettings) -> Result<Database, StoreError> {
    let unusable = |error: std::io::Error| StoreError::Configuration(format!("cannot open {}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unusable)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map_err(unusable)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.wait)
        .pragma("trusted_schema", "off")
        .statement_cache_capacity(256);
    let pool = || SqlitePoolOptions::new().acquire_timeout(settings.wait).test_before_acquire(false).idle_timeout(None).max_lifetime(None);
    let writer = pool().max_connections(1).connect_with(options.clone()).await?;
    let readers = pool().max_connections(settings.connections).connect_with(options.pragma("query_only", "on")).await?;
    Ok(Database(Arc::new(Pools::Sqlite { writer, readers })))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str, settings: &DatabaseSettings) -> Result<Database, StoreError> {
    let options = sqlx::postgres::PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Configuration("the PostgreSQL URL cannot be read".to_owned()))?
        .application_name("portcullis")
        .statement_cache_capacity(256);
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(settings.connections).acquire_timeout(settings.wait);
    Ok(Database(Arc::new(Pools::Postgres(pool.connect_with(options).await?))))
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({:?})", self.dialect())
    }
}
