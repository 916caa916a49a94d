use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Statement, ToSql};

use crate::driver::{Answer, Want};
use crate::record::{Inner, Row};
use crate::value::{Kind, Value};

/// A row, read out of SQLite's memory.
pub(crate) struct SqliteRow {
    names: Arc<[Box<str>]>,
    cells: Vec<Value>,
}

impl SqliteRow {
    /// The value at this place, from 0.
    pub(crate) fn cell(&self, index: usize) -> Option<&Value> {
        self.cells.get(index)
    }

    /// The value of the column of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Value> {
        self.cell(self.names.iter().position(|own| **own == *name)?)
    }
}

/// Runs one statement to its end, or to its first row when it only reads and no more is wanted.
///
/// A statement that writes always runs to its end: a commit that fails there must not look like a success.
pub(super) fn run(connection: &Connection, sql: &'static str, values: &[Value], want: Want) -> Result<Answer, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let reads = statement.readonly();
    let mut answer = Answer::default();
    {
        let mut rows = statement.raw_query();
        let mut names = None;
        while let Some(row) = rows.next()? {
            match want {
                Want::First if answer.first.is_none() => {
                    answer.first = Some(read(row, &mut names)?);
                    if reads {
                        break;
                    }
                }
                Want::First | Want::Changes => {}
                Want::All => answer.rows.push(read(row, &mut names)?),
            }
        }
    }
    if !reads {
        answer.changed = connection.changes();
    }
    Ok(answer)
}

/// `$2` takes the second value, wherever it stands.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<(), Error> {
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let value =
            number.and_then(|number| values.get(number.checked_sub(1)?)).ok_or(Error::InvalidParameterCount(values.len(), place))?;
        statement.raw_bind_parameter(place, Bound(value))?;
    }
    Ok(())
}

fn read(row: &rusqlite::Row<'_>, names: &mut Option<Arc<[Box<str>]>>) -> Result<Row, Error> {
    let statement: &Statement<'_> = row.as_ref();
    let names = names.get_or_insert_with(|| statement.column_names().map(Box::from).collect());
    let mut cells = Vec::with_capacity(names.len());
    for index in 0..names.len() {
        cells.push(match row.get_ref(index)? {
            ValueRef::Null => Value::Null(Kind::Text),
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(error) => return Err(Error::Utf8Error(index, error)),
            },
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        });
    }
    Ok(Row(Inner::Sqlite(SqliteRow { names: Arc::clone(names), cells })))
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null(_) => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Boolean(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Real(number) => ValueRef::Real(*number),
        }))
    }
}
