use std::fmt;
use std::vec;

use crate::database::{Database, Pools};
use crate::driver::{Answer, Want};
use crate::query::{Query, Target};
use crate::record::{Record, Row};
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Sql, StoreError};

/// Statements that take effect together or not at all, in one trip to the database.
///
/// Nobody can look at an answer before all of them have run: where that is needed, a [`Transaction`] does it in as many trips as it has
/// statements. A batch holds the one connection that writes to SQLite no longer than its statements take.
#[must_use]
pub struct Batch<'a> {
    database: &'a Database,
    durability: Durability,
    left: Vec<Left>,
}

/// What takes statements that take effect together: a [`Batch`], or a [`Transaction`].
pub trait Statements {
    /// The next statement; it is left with [`Query::later`].
    fn query(&mut self, sql: impl Sql) -> Query<'_>;
}

/// A statement that was left for later.
pub(crate) struct Left {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
    pub(crate) interest: Interest,
}

/// What becomes of the answer to a statement that was left for later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Nobody waits for it.
    Nothing,
    /// Its first row, if there is one.
    Row,
    /// Its first row; without one, nothing takes effect.
    NeededRow,
}

impl Interest {
    pub(crate) const fn want(self) -> Want {
        match self {
            Self::Nothing => Want::Changes,
            Self::Row | Self::NeededRow => Want::First,
        }
    }

    /// Takes what is of interest out of the answer.
    pub(crate) fn take(self, answer: Answer, rows: &mut Vec<Option<Row>>) -> Result<(), StoreError> {
        match self {
            Self::Nothing => {}
            Self::NeededRow if answer.first.is_none() => return Err(StoreError::NotFound),
            Self::Row | Self::NeededRow => rows.push(answer.first),
        }
        Ok(())
    }
}

/// What a commit outlives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    /// A power failure.
    Disk,
    /// The end of the process.
    Process,
}

/// The first rows of the statements of a batch that were [wanted](Query::wanted) or [needed](Query::needed), in their order.
pub struct Answers(vec::IntoIter<Option<Row>>);

impl<'a> Batch<'a> {
    pub(crate) const fn new(database: &'a Database) -> Self {
        Self { database, durability: Durability::Disk, left: Vec::new() }
    }

    /// The next statement; it is left with [`Query::later`], [`Query::wanted`] or [`Query::needed`].
    pub fn query(&mut self, sql: impl Sql) -> Query<'_> {
        Query::new(Target::Batch(&mut self.left), sql.text())
    }

    /// Its commit doesn't wait for the disk: the end of this process loses nothing of it, a power failure may.
    ///
    /// For what is worth little after a power failure, such as the count of a minute. Whatever is committed later as usual makes this as
    /// durable as itself.
    pub const fn lenient(mut self) -> Self {
        self.durability = Durability::Process;
        self
    }

    /// Runs everything and makes it permanent: on the disk when this returns, unless it is [lenient](Self::lenient).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when a statement that [needed](Query::needed) a row gave none; else when the database can't. Nothing took
    /// effect then, except when PostgreSQL was lost between its commit and its answer.
    pub async fn commit(self) -> Result<Answers, StoreError> {
        let rows = match self.database.pools() {
            Pools::Sqlite(sqlite) => sqlite.batch(self.durability, self.left).await?,
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => {
                let work = async move {
                    let mut session = crate::session::Session::begin(pool, self.durability).await?;
                    let rows = session.catch_up(self.left).await?;
                    session.commit().await?;
                    Ok::<_, StoreError>(rows)
                };
                Box::pin(work).await?
            }
        };
        Ok(Answers(rows.into_iter()))
    }
}

impl Statements for Batch<'_> {
    fn query(&mut self, sql: impl Sql) -> Query<'_> {
        Self::query(self, sql)
    }
}

impl Statements for Transaction {
    fn query(&mut self, sql: impl Sql) -> Query<'_> {
        Self::query(self, sql)
    }
}

impl Answers {
    /// The next one's first row, if it gave one.
    ///
    /// # Errors
    /// When the row isn't a `T`.
    pub fn next_row<T: Record>(&mut self) -> Result<Option<T>, StoreError> {
        self.0.next().flatten().as_ref().map(T::from_row).transpose()
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} statements)", self.left.len())
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({} left)", self.0.len())
    }
}
