use portcullis_core::{Id, Timestamp};

/// A value for a placeholder.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// No value, of this kind.
    Null(Kind),
    /// BIGINT.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BOOLEAN.
    Boolean(bool),
    /// BYTEA or BLOB.
    Bytes(Vec<u8>),
    /// DOUBLE PRECISION or REAL.
    Real(f64),
}

/// The kind of a value; PostgreSQL wants it even where there is no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the variants of `Value`")]
pub enum Kind {
    Integer,
    Text,
    Boolean,
    Bytes,
    Real,
}

macro_rules! from {
    ($($type:ty => $kind:ident, |$value:ident| $convert:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                Self::$kind($convert)
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                value.map_or(Self::Null(Kind::$kind), Self::from)
            }
        }
    )*};
}

from! {
    i64 => Integer, |value| value;
    i32 => Integer, |value| i64::from(value);
    u32 => Integer, |value| i64::from(value);
    Timestamp => Integer, |value| value.as_micros();
    String => Text, |value| value;
    &str => Text, |value| value.to_owned();
    &String => Text, |value| value.clone();
    Id => Text, |value| value.to_string();
    bool => Boolean, |value| value;
    Vec<u8> => Bytes, |value| value;
    &[u8] => Bytes, |value| value.to_vec();
    f64 => Real, |value| value;
}
