//! The one place where statements meet the driver; the rest of the crate sees its own values and rows.

use futures_util::TryStreamExt as _;
use sqlx::{Either, Executor as _};

use crate::record::{Inner, Row};
use crate::statement;
use crate::value::{Kind, Value};

/// What the caller wants of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Want {
    Changes,
    First,
    All,
}

/// What a statement gave; only what was wanted is filled.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) changed: u64,
    pub(crate) first: Option<Row>,
    pub(crate) rows: Vec<Row>,
}

/// Runs one statement to its end, or to its first row when it only reads and no more is wanted.
///
/// A statement that writes always runs to its end: a commit that fails there must not look like a success. The driver says nothing when its
/// thread is lost in the middle, the rows just stop: without the mark of the end they would pass for all there are.
pub(crate) async fn sqlite(
    connection: &mut sqlx::SqliteConnection,
    sql: &'static str,
    values: Vec<Value>,
    want: Want,
) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    let mut ended = false;
    let mut results = connection.fetch_many(bound_for_sqlite(sql, values));
    while let Some(result) = results.try_next().await? {
        match (result, want) {
            (Either::Left(done), _) => {
                answer.changed = answer.changed.saturating_add(done.rows_affected());
                ended = true;
            }
            (Either::Right(row), Want::First) if answer.first.is_none() => {
                answer.first = Some(Row(Inner::Sqlite(row)));
                if statement::only_reads(sql) {
                    return Ok(answer);
                }
            }
            (Either::Right(row), Want::All) => answer.rows.push(Row(Inner::Sqlite(row))),
            (Either::Right(_), Want::First | Want::Changes) => {}
        }
    }
    if ended { Ok(answer) } else { Err(sqlx::Error::WorkerCrashed) }
}

/// Runs one statement; the driver itself waits until the server has committed it.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres(
    connection: &mut sqlx::PgConnection,
    sql: &'static str,
    values: Vec<Value>,
    want: Want,
) -> Result<Answer, sqlx::Error> {
    let query = bound_for_postgres(sql, values);
    let mut answer = Answer::default();
    match want {
        Want::Changes => answer.changed = query.execute(connection).await?.rows_affected(),
        Want::First => answer.first = query.fetch_optional(connection).await?.map(Inner::Postgres).map(Row),
        Want::All => answer.rows = query.fetch_all(connection).await?.into_iter().map(Inner::Postgres).map(Row).collect(),
    }
    Ok(answer)
}

macro_rules! bound {
    ($name:ident, $database:ty) => {
        fn $name(
            sql: &'static str,
            values: Vec<Value>,
        ) -> sqlx::query::Query<'static, $database, <$database as sqlx::Database>::Arguments> {
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
bound!(bound_for_sqlite, sqlx::Sqlite);
#[cfg(feature = "postgres")]
bound!(bound_for_postgres, sqlx::Postgres);
