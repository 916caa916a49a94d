use std::fmt;

use crate::batch::Left;
use crate::query::{Query, Target};
#[cfg(feature = "postgres")]
use crate::session::Session;
use crate::sqlite;
use crate::{Sql, StoreError};

/// Statements that take effect together at [`commit`](Self::commit), or not at all when it is dropped.
///
/// After a statement that failed nothing more can be done with it, on both databases: PostgreSQL would answer the commit with a silent
/// rollback, SQLite would keep the other statements. Where a conflict is expected, write `ON CONFLICT DO NOTHING` and look at the count.
pub struct Transaction {
    pub(crate) connection: Connection,
    /// Whether a statement failed, or its caller went away before it was known.
    pub(crate) spoiled: bool,
    /// Statements that run before the next one, or before the commit.
    pub(crate) later: Vec<Left>,
}

pub(crate) enum Connection {
    Sqlite(sqlite::Session),
    #[cfg(feature = "postgres")]
    Postgres(Session),
}

impl Transaction {
    pub(crate) const fn new(connection: Connection) -> Self {
        Self { connection, spoiled: false, later: Vec::new() }
    }

    /// A statement of this transaction.
    pub fn query(&mut self, sql: impl Sql) -> Query<'_> {
        Query::new(Target::Transaction(self), sql.text())
    }

    /// Makes everything permanent: on the disk when this returns.
    ///
    /// # Errors
    /// When the database can't, or an earlier statement failed. Nothing took effect then, except when PostgreSQL was lost between its commit and its answer.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.usable()?;
        match self.connection {
            Connection::Sqlite(session) => session.commit(self.later).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(mut session) => {
                let later = self.later;
                let work = async move {
                    session.catch_up(later).await?;
                    session.commit().await
                };
                Box::pin(work).await
            }
        }
    }

    pub(crate) fn usable(&self) -> Result<(), StoreError> {
        if self.spoiled { Err(StoreError::Refused("an earlier statement of this transaction failed".to_owned())) } else { Ok(()) }
    }

    /// Runs statements that were written by us, several in one text; only migrations do.
    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        if !self.later.is_empty() {
            return Err(StoreError::Refused("statements of a migration come one after the other".to_owned()));
        }
        match &mut self.connection {
            Connection::Sqlite(session) => session.batch(sql).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => {
                sqlx::raw_sql(sql).execute(session.connection()?.patient()?).await.map(drop).map_err(StoreError::of_postgres)
            }
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}
