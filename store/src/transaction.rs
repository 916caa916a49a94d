use std::fmt;

use crate::query::{Query, Target};
use crate::StoreError;

/// Statements that take effect together at [`commit`](Self::commit), or not at all when it is dropped.
pub struct Transaction(pub(crate) Connection);

pub(crate) enum Connection {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Transaction {
    /// A statement of this transaction.
    pub const fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query::new(Target::Transaction(&mut self.0), sql)
    }

    /// Makes everything permanent: on the disk when this returns.
    ///
    /// # Errors
    /// When the database can't; then nothing took effect.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            Connection::Sqlite(transaction) => transaction.commit().await?,
            #[cfg(feature = "postgres")]
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    /// Runs statements that were written by us, several in one text; only migrations do.
    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.0 {
            Connection::Sqlite(transaction) => drop(sqlx::raw_sql(sql).execute(&mut **transaction).await?),
            #[cfg(feature = "postgres")]
            Connection::Postgres(transaction) => drop(sqlx::raw_sql(sql).execute(&mut **transaction).await?),
        }
        Ok(())
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}
