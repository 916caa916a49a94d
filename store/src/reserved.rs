use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::database::Pools;
use crate::driver::{Answer, Want};
use crate::record::Record;
use crate::sqlite::Readers;
use crate::{Sql, StoreError, statement};

/// A connection of its own that reads, outside of those that requests share; cheap to clone.
///
/// It opens with its first use, and anew after a failure. A use that takes longer than the deadline fails, and its connection is closed.
#[derive(Clone)]
pub struct Reserved(Arc<Inner>);

enum Inner {
    Sqlite(Arc<Readers>, Duration),
    #[cfg(feature = "postgres")]
    Postgres(Postgres, Duration),
}

#[cfg(feature = "postgres")]
struct Postgres {
    options: Arc<sqlx::postgres::PgConnectOptions>,
    connection: tokio::sync::Mutex<Option<sqlx::PgConnection>>,
}

impl Reserved {
    pub(crate) fn new(pools: &Pools, deadline: Duration) -> Self {
        Self(Arc::new(match pools {
            Pools::Sqlite(sqlite) => Inner::Sqlite(sqlite.reserve(deadline), deadline),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Inner::Postgres(
                Postgres { options: pool.connections.connect_options(), connection: tokio::sync::Mutex::default() },
                deadline,
            ),
        }))
    }

    /// Runs the statement and reads its first row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no row; else when the database can't run it by the deadline, or the row isn't a `T`.
    pub async fn fetch_one<T: Record>(&self, sql: impl Sql) -> Result<T, StoreError> {
        self.run(sql.text(), Want::First).await?.first.as_ref().map(T::from_row).transpose()?.ok_or(StoreError::NotFound)
    }

    /// Runs the statement and reads every row.
    ///
    /// # Errors
    /// When the database can't run it by the deadline, or a row isn't a `T`.
    pub async fn fetch_all<T: Record>(&self, sql: impl Sql) -> Result<Vec<T>, StoreError> {
        self.run(sql.text(), Want::All).await?.rows.iter().map(T::from_row).collect()
    }

    async fn run(&self, sql: &'static str, want: Want) -> Result<Answer, StoreError> {
        statement::check(sql, &[])?;
        if !statement::only_reads(sql) {
            return Err(StoreError::Refused(format!("a reserved connection only reads: {sql}")));
        }
        let late = |deadline| StoreError::Unavailable(format!("no answer within {deadline:?}"));
        match &*self.0 {
            Inner::Sqlite(readers, deadline) => {
                tokio::time::timeout(*deadline, readers.run(sql, Vec::new(), want)).await.unwrap_or_else(|_| Err(late(*deadline)))
            }
            #[cfg(feature = "postgres")]
            Inner::Postgres(postgres, deadline) => {
                tokio::time::timeout(*deadline, Box::pin(postgres.run(sql, want))).await.unwrap_or_else(|_| Err(late(*deadline)))
            }
        }
    }
}

#[cfg(feature = "postgres")]
impl Postgres {
    async fn run(&self, sql: &'static str, want: Want) -> Result<Answer, StoreError> {
        use sqlx::ConnectOptions as _;

        let mut place = self.connection.lock().await;
        // Taken out while it is used: after a failure, or when its caller gives up, it is closed.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(StoreError::of_postgres)?,
        };
        let mut answer = crate::query::on_postgres(&mut connection, sql, Vec::new(), want).await;
        if matches!(answer, Err(StoreError::Outdated)) {
            answer = crate::query::on_postgres(&mut connection, sql, Vec::new(), want).await;
        }
        let answer = answer?;
        *place = Some(connection);
        Ok(answer)
    }
}

impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reserved")
    }
}
