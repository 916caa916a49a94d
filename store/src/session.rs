use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::Want;
use crate::lent::{Lent, Pool};
use crate::record::Row;

/// A transaction on a PostgreSQL connection.
///
/// The driver's own transaction forgets to undo a BEGIN whose caller goes away before the answer: the connection would go back to the pool
/// inside a transaction, and lose the next caller's write. This one counts as open before it begins.
pub(crate) struct Session {
    /// There until it is dropped.
    connection: Option<Lent>,
    /// Whether a transaction may have begun and not ended.
    open: bool,
}

impl Session {
    pub(crate) async fn begin(pool: &Pool, durability: Durability) -> Result<Self, StoreError> {
        let mut session = Self { connection: Some(pool.lend().await?), open: true };
        session.control("BEGIN").await?;
        if durability == Durability::Process {
            session.control("SET LOCAL synchronous_commit = off").await?;
        }
        Ok(session)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Lent, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is lost".to_owned()))
    }

    /// Runs what was left for later; the rows that somebody wants.
    pub(crate) async fn catch_up(&mut self, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
        let mut rows = Vec::new();
        for Left { sql, values, interest } in left {
            let answer = self.connection()?.run(sql, values, interest.want()).await?;
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
        self.connection()?.run(sql, Vec::new(), Want::Changes).await.map(drop)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(connection.roll_back());
        }
    }
}
