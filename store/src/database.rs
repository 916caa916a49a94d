use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
#[cfg(feature = "postgres")]
use crate::batch::Durability;
#[cfg(feature = "postgres")]
use crate::connect;
#[cfg(feature = "postgres")]
use crate::lent::Pool;
use crate::query::{Query, Target};
use crate::reserved::Reserved;
#[cfg(feature = "postgres")]
use crate::session::Session;
use crate::settings::{DatabaseSettings, Location};
use crate::sqlite::Sqlite;
use crate::transaction::{Connection, Transaction};
use crate::{Sql, StoreError};

/// The database; cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Pools>);

pub(crate) enum Pools {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Pool),
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
        let pools = match settings.location()? {
            Location::Sqlite(path) => Pools::Sqlite(Sqlite::connect(&path, settings).await?),
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => connect::postgres(url.expose(), settings).await?,
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => {
                return Err(StoreError::Configuration("this program was built without PostgreSQL (feature `postgres`)".to_owned()));
            }
        };
        Ok(Self(Arc::new(pools)))
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match *self.0 {
            Pools::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.query("SELECT CAST(1 AS BIGINT)").fetch_one::<i64>().await.map(drop)
    }

    /// A statement. What only reads runs beside others; what writes waits its turn on SQLite.
    pub fn query(&self, sql: impl Sql) -> Query<'_> {
        Query::new(Target::Database(self), sql.text())
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// When the database can't be reached, or stays locked for longer than the wait.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::new(match &*self.0 {
            Pools::Sqlite(sqlite) => Connection::Sqlite(sqlite.begin().await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Connection::Postgres(Box::pin(Session::begin(pool, Durability::Disk)).await?),
        }))
    }

    /// Statements that take effect together, for one trip.
    pub const fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// A connection outside of those that requests share, for what must go on when they are all taken. Each use of it ends by the deadline.
    #[must_use]
    pub fn reserve(&self, deadline: Duration) -> Reserved {
        Reserved::new(&self.0, deadline)
    }

    /// Closes every connection, bounded by the wait; what is written stays written.
    pub async fn close(&self) {
        match &*self.0 {
            Pools::Sqlite(sqlite) => sqlite.close().await,
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Statements are prepared anew; PostgreSQL itself says when that is due.
    pub(crate) fn forget_statements(&self) {
        match &*self.0 {
            Pools::Sqlite(sqlite) => sqlite.forget_statements(),
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => {}
        }
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.0
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({:?})", self.dialect())
    }
}
