use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, Postgres};

use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::{self, Want};
use crate::query::on_postgres;
use crate::record::Row;

/// A transaction on a PostgreSQL connection.
///
/// The driver's own transaction forgets to undo a BEGIN whose caller goes away before the answer: the connection would go back to the pool
/// inside a transaction, and lose the next caller's write. This one counts as open before it begins.
pub(crate) struct Session {
    connection: Option<PoolConnection<Postgres>>,
    /// Whether a transaction may have begun and not ended.
    open: bool,
}

impl Session {
    pub(crate) async fn begin(pool: &PgPool, durability: Durability) -> Result<Self, StoreError> {
        let connection = pool.acquire().await.map_err(StoreError::of_postgres)?;
        let mut session = Self { connection: Some(connection), open: true };
        session.control("BEGIN").await?;
        if durability == Durability::Process {
            session.control("SET LOCAL synchronous_commit = off").await?;
        }
        Ok(session)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(|| StoreError::Unavailable("the connection is lost".to_owned()))
    }

    /// Runs what was left for later; the rows that somebody wants.
    pub(crate) async fn catch_up(&mut self, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
        let mut rows = Vec::new();
        for Left { sql, values, interest } in left {
            let answer = on_postgres(self.connection()?, sql, values, interest.want()).await?;
            interest.take(answer, &mut rows)?;
        }
        Ok(rows)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.control("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = driver::postgres(self.connection()?, sql, Vec::new(), Want::Changes).await;
        done.map(drop).map_err(StoreError::of_postgres)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The pool would need a runtime too. Closing the connection undoes the transaction.
            return drop(connection.detach());
        };
        if self.open {
            runtime.spawn(async move {
                if driver::postgres(&mut connection, "ROLLBACK", Vec::new(), Want::Changes).await.is_err() {
                    connection.close_on_drop();
                }
            });
        }
    }
}
