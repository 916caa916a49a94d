use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, Postgres};
use tokio::time::timeout;

use crate::StoreError;
use crate::driver::{Answer, Want};
use crate::query::on_postgres;
use crate::value::Value;

/// The connections to PostgreSQL that requests share, with the deadlines that the driver lacks.
pub(crate) struct Pool {
    pub(crate) connections: PgPool,
    pub(crate) wait: Duration,
    pub(crate) statement: Duration,
}

/// A connection on loan.
///
/// The driver asks a connection for a sign of life when it comes back, for as long as that takes: a server that stopped answering would
/// keep its place in the pool for good. Here that has a deadline, after which the connection is closed and its place is free.
pub(crate) struct Lent {
    /// There until it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    wait: Duration,
    statement: Duration,
}

impl Pool {
    pub(crate) async fn lend(&self) -> Result<Lent, StoreError> {
        let connection = self.connections.acquire().await.map_err(StoreError::of_postgres)?;
        Ok(Lent { connection: Some(connection), wait: self.wait, statement: self.statement })
    }

    /// Waits for what runs, as long as the wait, then leaves it behind.
    pub(crate) async fn close(&self) {
        if timeout(self.wait, self.connections.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

impl Lent {
    pub(crate) async fn run(&mut self, sql: &'static str, values: Vec<Value>, want: Want) -> Result<Answer, StoreError> {
        let deadline = self.statement;
        within(deadline, on_postgres(self.patient()?, sql, values, want)).await
    }

    /// Undoes the transaction that was left open, or else closes the connection, which undoes it too.
    pub(crate) async fn roll_back(mut self) {
        let deadline = self.wait;
        let undone = async { on_postgres(self.patient()?, "ROLLBACK", Vec::new(), Want::Changes).await };
        if within(deadline, undone).await.is_err() {
            drop(self.connection.take().map(PoolConnection::detach));
        }
    }

    /// The connection itself, for what has no deadline.
    pub(crate) fn patient(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(|| StoreError::Unavailable("the connection is lost".to_owned()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(timeout(self.wait, connection.return_to_pool()))),
            // The pool would need a runtime too.
            Err(_) => drop(connection.detach()),
        }
    }
}

/// What the work gives, unless the server takes longer.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(time, work).await.unwrap_or_else(|_| Err(StoreError::Unavailable("PostgreSQL does not answer".to_owned())))
}
