use std::fmt;

use portcullis_core::{Id, Timestamp};

use crate::StoreError;
use crate::sqlite::SqliteRow;
use crate::value::Value;

/// A row of a result.
pub struct Row(pub(crate) Inner);

pub(crate) enum Inner {
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

/// A value made of a row; `#[derive(Record)]` reads each field from the column of its name.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot be made of a row", note = "put `#[derive(Record)]` on the struct")]
pub trait Record: Sized + Send {
    /// Reads the row.
    ///
    /// # Errors
    /// When a column is missing or holds something else.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// A type that a column can hold.
#[diagnostic::on_unimplemented(message = "a column cannot be read as `{Self}`")]
pub trait Column: Sized {
    /// Reads a column; `None` when it is NULL.
    ///
    /// # Errors
    /// When the column is missing or holds something else.
    fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError>;

    /// What NULL stands for, if it stands for anything.
    #[must_use]
    fn null() -> Option<Self> {
        None
    }
}

/// Which column: by name or by place.
#[derive(Debug)]
#[non_exhaustive]
pub enum At<'a> {
    /// The column of this name.
    Name(&'a str),
    /// The column at this place, from 0.
    Index(usize),
}

impl Row {
    /// The value of the column of this name.
    ///
    /// # Errors
    /// When the column is missing or holds something else.
    pub fn take<T: Column>(&self, name: &str) -> Result<T, StoreError> {
        self.read(&At::Name(name))
    }

    /// The value of the column at this place, from 0.
    ///
    /// # Errors
    /// When the column is missing or holds something else.
    pub fn at<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        self.read(&At::Index(index))
    }

    fn read<T: Column>(&self, column: &At<'_>) -> Result<T, StoreError> {
        match T::read(self, column)? {
            Some(value) => Ok(value),
            None => T::null().ok_or_else(|| decode(column, "is NULL")),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row")
    }
}

fn decode(column: &At<'_>, problem: &str) -> StoreError {
    let column = match column {
        At::Name(name) => (*name).to_owned(),
        At::Index(index) => index.to_string(),
    };
    StoreError::Decode { column, problem: problem.to_owned() }
}

#[cfg(feature = "postgres")]
fn unread(column: &At<'_>, error: &sqlx::Error) -> StoreError {
    if let sqlx::Error::ColumnDecode { source, .. } = error {
        decode(column, &source.to_string())
    } else {
        decode(column, &error.to_string())
    }
}

/// The value that SQLite holds; there it belongs to the value, not to the column, of what kind it is.
fn held<'row>(row: &'row SqliteRow, column: &At<'_>) -> Result<&'row Value, StoreError> {
    let value = match column {
        At::Name(name) => row.named(name),
        At::Index(index) => row.cell(*index),
    };
    value.ok_or_else(|| decode(column, "is not in the result"))
}

/// NULL is no value; a value of another kind is a mistake.
fn nothing<T>(value: &Value, column: &At<'_>) -> Result<Option<T>, StoreError> {
    if matches!(value, Value::Null(_)) { Ok(None) } else { Err(decode(column, "holds something else")) }
}

#[cfg(feature = "postgres")]
fn fetched<'row, T>(row: &'row sqlx::postgres::PgRow, column: &At<'_>) -> Result<Option<T>, sqlx::Error>
where
    T: sqlx::Decode<'row, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    use sqlx::Row as _;
    match column {
        At::Name(name) => row.try_get(*name),
        At::Index(index) => row.try_get(*index),
    }
}

macro_rules! columns {
    ($($type:ty, $kind:ident($inside:ident) => $value:expr;)*) => {$(
        impl Column for $type {
            fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
                match &row.0 {
                    Inner::Sqlite(row) => {
                        let value = held(row, column)?;
                        if let Value::$kind($inside) = value { Ok(Some($value)) } else { nothing(value, column) }
                    }
                    #[cfg(feature = "postgres")]
                    Inner::Postgres(row) => fetched(row, column).map_err(|error| unread(column, &error)),
                }
            }
        }
    )*};
}
columns! {
    bool, Integer(number) => *number != 0;
    String, Text(text) => text.clone();
    Vec<u8>, Bytes(bytes) => bytes.clone();
    f64, Real(number) => *number;
}

impl Column for i64 {
    /// Also reads the narrower integers of PostgreSQL.
    fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
        match &row.0 {
            Inner::Sqlite(row) => {
                let value = held(row, column)?;
                if let Value::Integer(number) = value { Ok(Some(*number)) } else { nothing(value, column) }
            }
            #[cfg(feature = "postgres")]
            Inner::Postgres(row) => match fetched::<Self>(row, column) {
                Err(sqlx::Error::ColumnDecode { .. }) => fetched::<i32>(row, column)
                    .map(|value| value.map(Self::from))
                    .or_else(|_| fetched::<i16>(row, column).map(|value| value.map(Self::from)))
                    .map_err(|error| unread(column, &error)),
                value => value.map_err(|error| unread(column, &error)),
            },
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
                let value = i64::read(row, column)?;
                value.map(|value| Self::try_from(value).map_err(|_| decode(column, "is out of range"))).transpose()
            }
        }
    )*};
}
integers!(i32, u32, u64, usize);

impl Column for Timestamp {
    fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
        Ok(i64::read(row, column)?.map(Self::from_micros))
    }
}

impl Column for Id {
    fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
        let text = String::read(row, column)?;
        text.map(|text| text.parse().map_err(|_| decode(column, "is not an identifier"))).transpose()
    }
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Row, column: &At<'_>) -> Result<Option<Self>, StoreError> {
        Ok(Some(T::read(row, column)?))
    }
}

macro_rules! singles {
    ($($type:ty),*) => {$(
        impl Record for $type {
            /// The first column.
            fn from_row(row: &Row) -> Result<Self, StoreError> {
                row.at(0)
            }
        }
    )*};
}
singles!(i64, bool, String, Vec<u8>, f64, Timestamp, Id);

macro_rules! tuples {
    ($($($type:ident $index:literal),+;)*) => {$(
        impl<$($type: Column + Send),+> Record for ($($type,)+) {
            fn from_row(row: &Row) -> Result<Self, StoreError> {
                Ok(($(row.at::<$type>($index)?,)+))
            }
        }
    )*};
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}
