#[cfg(feature = "postgres")]
use sqlx::error::DatabaseError;

use crate::StoreError;

impl StoreError {
    /// By the low byte of the [result code](https://www.sqlite.org/rescode.html).
    pub(crate) fn of_sqlite(error: &rusqlite::Error) -> Self {
        let message = error.to_string();
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        match code & 0xff {
            5 | 6 => Self::Busy(message),
            8 => Self::ReadOnly(message),
            13 => Self::Full,
            7 | 9 | 10 | 14 => Self::Unavailable(message),
            11 | 26 => Self::Corrupt(message),
            19 => Self::Conflict(message),
            _ => Self::Refused(message),
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn of_postgres(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(error) = &error { postgres(&**error) } else { driver(error) }
    }
}

/// What the driver says by itself.
#[cfg(feature = "postgres")]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's errors are open-ended, and what isn't named here is a mistake of the caller"
)]
fn driver(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::RowNotFound => StoreError::NotFound,
        sqlx::Error::Configuration(source) => StoreError::Configuration(source.to_string()),
        sqlx::Error::Io(source) => StoreError::Unavailable(source.to_string()),
        sqlx::Error::Tls(source) => StoreError::Unavailable(source.to_string()),
        sqlx::Error::PoolTimedOut => {
            StoreError::Unavailable("no connection for as long as the wait: the server is down, or every connection is taken".to_owned())
        }
        lost @ (sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed) => {
            StoreError::Unavailable(lost.to_string())
        }
        other => StoreError::Refused(other.to_string()),
    }
}

/// By the class of the [error code](https://www.postgresql.org/docs/current/errcodes-appendix.html), its first two characters.
#[cfg(feature = "postgres")]
fn postgres(error: &dyn DatabaseError) -> StoreError {
    let message = error.message().to_owned();
    let code = error.code().unwrap_or_default();
    match (code.get(..2).unwrap_or(""), &*code) {
        (_, "53100") => StoreError::Full,
        (_, "25006") => StoreError::ReadOnly(message),
        // The message is the only mark of "cached plan must not change result type".
        (_, "0A000") if message.starts_with("cached plan") => StoreError::Outdated,
        // A trigger that raises an exception guards the data, as RAISE(ABORT) does on SQLite.
        ("23", _) | (_, "P0001") => StoreError::Conflict(error.constraint().map_or(message, str::to_owned)),
        ("08" | "53" | "57" | "58", _) => StoreError::Unavailable(message),
        ("40" | "55", _) => StoreError::Busy(message),
        ("28" | "3D", _) => StoreError::Configuration(message),
        ("XX", "XX001" | "XX002") => StoreError::Corrupt(message),
        _ => StoreError::Refused(message),
    }
}
