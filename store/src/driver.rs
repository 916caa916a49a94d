//! What a statement is asked for and what it gives; how PostgreSQL runs one.

use crate::record::Row;

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

/// Runs one statement; the driver itself waits until the server has committed it.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres(
    connection: &mut sqlx::PgConnection,
    sql: &'static str,
    values: Vec<crate::value::Value>,
    want: Want,
) -> Result<Answer, sqlx::Error> {
    use crate::record::Inner;

    let query = bound(sql, values);
    let mut answer = Answer::default();
    match want {
        Want::Changes => answer.changed = query.execute(connection).await?.rows_affected(),
        Want::First => answer.first = query.fetch_optional(connection).await?.map(Inner::Postgres).map(Row),
        Want::All => answer.rows = query.fetch_all(connection).await?.into_iter().map(Inner::Postgres).map(Row).collect(),
    }
    Ok(answer)
}

#[cfg(feature = "postgres")]
fn bound(sql: &'static str, values: Vec<crate::value::Value>) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    use crate::value::{Kind, Value};

    let mut query = sqlx::query::<sqlx::Postgres>(sql);
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
