use std::fmt;

use crate::StoreError;
use crate::batch::{Interest, Left};
use crate::database::{Database, Pools};
use crate::driver::{Answer, Want};
use crate::record::Record;
use crate::statement;
use crate::transaction::{Connection, Transaction};
use crate::value::Value;

/// A statement with its values, about to run.
#[must_use]
pub struct Query<'a> {
    target: Target<'a>,
    sql: &'static str,
    values: Vec<Value>,
}

pub(crate) enum Target<'a> {
    Database(&'a Database),
    Transaction(&'a mut Transaction),
    Batch(&'a mut Vec<Left>),
}

impl<'a> Query<'a> {
    pub(crate) const fn new(target: Target<'a>, sql: &'static str) -> Self {
        Self { target, sql, values: Vec::new() }
    }

    /// Gives the next placeholder its value: `$1` first.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs the statement and reads its first row, if there is one.
    ///
    /// # Errors
    /// When the database can't run it, or the row isn't a `T`.
    pub async fn fetch_optional<T: Record>(self) -> Result<Option<T>, StoreError> {
        self.run(Want::First).await?.first.as_ref().map(T::from_row).transpose()
    }

    /// Runs the statement and reads its first row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no row; else when the database can't run it, or the row isn't a `T`.
    pub async fn fetch_one<T: Record>(self) -> Result<T, StoreError> {
        self.fetch_optional().await?.ok_or(StoreError::NotFound)
    }

    /// Runs the statement and reads every row.
    ///
    /// # Errors
    /// When the database can't run it, or a row isn't a `T`.
    pub async fn fetch_all<T: Record>(self) -> Result<Vec<T>, StoreError> {
        self.run(Want::All).await?.rows.iter().map(T::from_row).collect()
    }

    /// Runs the statement; the number of rows that it changed.
    ///
    /// # Errors
    /// When the database can't run it.
    pub async fn execute(self) -> Result<u64, StoreError> {
        Ok(self.run(Want::Changes).await?.changed)
    }

    /// Leaves the statement for later: in a [`Batch`](crate::Batch) it runs with the others, in a transaction before the next one or the
    /// commit. It saves a trip of its own to the database. Nobody waits for its answer; when it fails, what it was left for fails.
    ///
    /// # Errors
    /// When the statement can't be right, or belongs to neither.
    pub fn later(self) -> Result<(), StoreError> {
        self.leave(Interest::Nothing)
    }

    /// Leaves the statement for the commit of its batch, whose answers will hold its first row, if there is one.
    ///
    /// # Errors
    /// When the statement can't be right, or belongs to no batch.
    pub fn wanted(self) -> Result<(), StoreError> {
        self.leave(Interest::Row)
    }

    /// Leaves the statement for the commit of its batch, whose answers will hold its first row; without one, nothing takes effect.
    ///
    /// # Errors
    /// When the statement can't be right, or belongs to no batch.
    pub fn needed(self) -> Result<(), StoreError> {
        self.leave(Interest::NeededRow)
    }

    fn leave(self, interest: Interest) -> Result<(), StoreError> {
        statement::check(self.sql, &self.values)?;
        let left = Left { sql: self.sql, values: self.values, interest };
        match self.target {
            Target::Batch(statements) => statements.push(left),
            Target::Transaction(transaction) if interest == Interest::Nothing => {
                transaction.usable()?;
                transaction.later.push(left);
            }
            Target::Transaction(_) | Target::Database(_) => {
                return Err(StoreError::Refused(format!("nothing is there for which this statement could wait: {}", left.sql)));
            }
        }
        Ok(())
    }

    /// What waits for PostgreSQL waits in a box: its futures are thousands of bytes long, which every caller's future would be moved with.
    async fn run(self, want: Want) -> Result<Answer, StoreError> {
        statement::check(self.sql, &self.values)?;
        match self.target {
            Target::Database(database) => match database.pools() {
                Pools::Sqlite(sqlite) => sqlite.run(self.sql, self.values, want).await,
                #[cfg(feature = "postgres")]
                Pools::Postgres(pool) => Box::pin(async move { pool.lend().await?.run(self.sql, self.values, want).await }).await,
            },
            Target::Transaction(transaction) => {
                transaction.usable()?;
                transaction.spoiled = true;
                let before = std::mem::take(&mut transaction.later);
                let answer = match &mut transaction.connection {
                    Connection::Sqlite(session) => session.run(before, self.sql, self.values, want).await,
                    #[cfg(feature = "postgres")]
                    Connection::Postgres(session) => {
                        Box::pin(async move {
                            session.catch_up(before).await?;
                            session.connection()?.run(self.sql, self.values, want).await
                        })
                        .await
                    }
                };
                transaction.spoiled = answer.is_err();
                answer
            }
            Target::Batch(_) => Err(StoreError::Refused(format!("a statement of a batch is left for its commit: {}", self.sql))),
        }
    }
}

#[cfg(feature = "postgres")]
pub(crate) async fn on_postgres(
    connection: &mut sqlx::postgres::PgConnection,
    sql: &'static str,
    values: Vec<Value>,
    want: Want,
) -> Result<Answer, StoreError> {
    use sqlx::Connection as _;
    match crate::driver::postgres(&mut *connection, sql, values, want).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let error = StoreError::of_postgres(error);
            if matches!(error, StoreError::Outdated) {
                // Else this connection would fail for as long as it lives. A connection that can't even do this fails its next use.
                drop(connection.clear_cached_statements().await);
            }
            Err(error)
        }
    }
}

impl fmt::Debug for Query<'_> {
    /// The statement without its values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({})", self.sql)
    }
}
