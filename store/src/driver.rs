//! The one place where statements meet the driver; the rest of the crate sees its own values and rows.

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

macro_rules! driver {
    ($name:ident, $database:ty, $row:path) => {
        pub(crate) async fn $name(
            connection: &mut <$database as sqlx::Database>::Connection,
            sql: &'static str,
            values: Vec<Value>,
            want: Want,
        ) -> Result<Answer, sqlx::Error> {
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
            let mut answer = Answer::default();
            match want {
                Want::Changes => answer.changed = query.execute(connection).await?.rows_affected(),
                Want::First if statement::only_reads(sql) => answer.first = query.fetch_optional(connection).await?.map($row).map(Row),
                // A statement that writes runs to its end: a commit that fails there must not look like a success.
                Want::First => answer.first = query.fetch_all(connection).await?.into_iter().next().map($row).map(Row),
                Want::All => answer.rows = query.fetch_all(connection).await?.into_iter().map($row).map(Row).collect(),
            }
            Ok(answer)
        }
    };
}
driver!(sqlite, sqlx::Sqlite, Inner::Sqlite);
#[cfg(feature = "postgres")]
driver!(postgres, sqlx::Postgres, Inner::Postgres);
