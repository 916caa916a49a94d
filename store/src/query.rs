use std::fmt;

#[cfg(feature = "postgres")]
use sqlx::Postgres;
use sqlx::Sqlite;

use crate::database::{Database, Pools};
use crate::record::{Inner, Record, Row};
use crate::transaction::Connection;
use crate::value::{Kind, Value};
use crate::StoreError;

/// A statement with its values, about to run.
#[must_use]
pub struct Query<'a> {
    target: Target<'a>,
    sql: &'static str,
    values: Vec<Value>,
}

pub(crate) enum Target<'a> {
    Database(&'a Database),
    Transaction(&'a mut Connection),
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
        let row = self.optional().await?;
        row.as_ref().map(T::from_row).transpose()
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
        self.all().await?.iter().map(T::from_row).collect()
    }

    /// Runs the statement; the number of rows that it changed.
    ///
    /// # Errors
    /// When the database can't run it.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let changed = match self.target {
            Target::Database(database) => match database.pools() {
                Pools::Sqlite { writer, .. } => sqlite(self.sql, self.values).execute(writer).await?.rows_affected(),
                #[cfg(feature = "postgres")]
                Pools::Postgres(pool) => postgres(self.sql, self.values).execute(pool).await?.rows_affected(),
            },
            Target::Transaction(Connection::Sqlite(transaction)) => {
                sqlite(self.sql, self.values).execute(&mut **transaction).await?.rows_affected()
            }
            #[cfg(feature = "postgres")]
            Target::Transaction(Connection::Postgres(transaction)) => {
                postgres(self.sql, self.values).execute(&mut **transaction).await?.rows_affected()
            }
        };
        Ok(changed)
    }

    async fn optional(self) -> Result<Option<Row>, StoreError> {
        let row = match self.target {
            Target::Database(database) => match database.pools() {
                Pools::Sqlite { writer, readers } => {
                    let pool = if only_reads(self.sql) { readers } else { writer };
                    sqlite(self.sql, self.values).fetch_optional(pool).await?.map(Inner::Sqlite)
                }
                #[cfg(feature = "postgres")]
                Pools::Postgres(pool) => postgres(self.sql, self.values).fetch_optional(pool).await?.map(Inner::Postgres),
            },
            Target::Transaction(Connection::Sqlite(transaction)) => {
                sqlite(self.sql, self.values).fetch_optional(&mut **transaction).await?.map(Inner::Sqlite)
            }
            #[cfg(feature = "postgres")]
            Target::Transaction(Connection::Postgres(transaction)) => {
                postgres(self.sql, self.values).fetch_optional(&mut **transaction).await?.map(Inner::Postgres)
            }
        };
        Ok(row.map(Row))
    }

    async fn all(self) -> Result<Vec<Row>, StoreError> {
        Ok(match self.target {
            Target::Database(database) => match database.pools() {
                Pools::Sqlite { writer, readers } => {
                    let pool = if only_reads(self.sql) { readers } else { writer };
                    rows(sqlite(self.sql, self.values).fetch_all(pool).await?, Inner::Sqlite)
                }
                #[cfg(feature = "postgres")]
                Pools::Postgres(pool) => rows(postgres(self.sql, self.values).fetch_all(pool).await?, Inner::Postgres),
            },
            Target::Transaction(Connection::Sqlite(transaction)) => {
                rows(sqlite(self.sql, self.values).fetch_all(&mut **transaction).await?, Inner::Sqlite)
            }
            #[cfg(feature = "postgres")]
            Target::Transaction(Connection::Postgres(transaction)) => {
                rows(postgres(self.sql, self.values).fetch_all(&mut **transaction).await?, Inner::Postgres)
            }
        })
    }
}

/// A statement that only reads goes to the readers; `WITH` may hold a write, so it goes to the writer.
fn only_reads(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

fn rows<R>(rows: Vec<R>, wrap: fn(R) -> Inner) -> Vec<Row> {
    rows.into_iter().map(|row| Row(wrap(row))).collect()
}

macro_rules! bound {
    ($name:ident, $database:ty, $arguments:ty) => {
        fn $name(sql: &'static str, values: Vec<Value>) -> sqlx::query::Query<'static, $database, $arguments> {
            let mut query = sqlx::query::<$database>(sql);
            for value in values {
                query = match value {
                    Value::Null(Kind::Integer) => query.bind(None::<i64>),
                    Value::Null(Kind::Text) => query.bind(None::<String>),
                    Value::Null(Kind::Boolean) => query.bind(None::<bool>),
                    Value::Null(Kind::Bytes) => query.bind(None::<Vec<u8>>),
                    Value::Null(Kind::Real) => query.bind(None::<f64>),
                    Value::Integer(value) => query.bind(value),
                    Value::Text(value) => query.bind(value),
                    Value::Boolean(value) => query.bind(value),
                    Value::Bytes(value) => query.bind(value),
                    Value::Real(value) => query.bind(value),
                };
            }
            query
        }
    };
}
bound!(sqlite, Sqlite, <Sqlite as sqlx::Database>::Arguments);
#[cfg(feature = "postgres")]
bound!(postgres, Postgres, <Postgres as sqlx::Database>::Arguments);

impl fmt::Debug for Query<'_> {
    /// The statement without its values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({})", self.sql)
    }
}
