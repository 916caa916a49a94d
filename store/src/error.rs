use std::borrow::Cow;

/// The store could not do what was asked. The texts are for the log, never for clients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The settings name no usable database.
    #[error("{0}")]
    Configuration(String),
    /// The database can't be reached now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Another connection holds the lock, or all connections are taken, for longer than the wait.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The disk is full.
    #[error("the database's disk is full: free some space, then requests succeed again")]
    Full,
    /// The database can't be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// A uniqueness or other constraint is violated.
    #[error("a constraint is violated: {0}")]
    Conflict(String),
    /// A row was expected and there is none.
    #[error("no row")]
    NotFound,
    /// The database was migrated by a newer version of this program.
    #[error("module `{module}` of the database is at version {found}, this program knows {known}: run a newer version of the program, or restore a backup")]
    Newer {
        /// The module of the tables.
        module: String,
        /// The version in the database.
        found: i64,
        /// The newest version that this program knows.
        known: u32,
    },
    /// A migration can't be applied.
    #[error("migration {module}/{version}: {problem}")]
    Migration {
        /// The module of the tables.
        module: &'static str,
        /// The step.
        version: u32,
        /// What is wrong.
        problem: String,
    },
    /// A column doesn't hold what the record expects.
    #[error("column {column}: {problem}")]
    Decode {
        /// The column's name or place.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// The statement itself is wrong, or the file is no database.
    #[error("the database refused the statement: {0}")]
    Refused(String),
}

impl StoreError {
    /// Whether waiting may help: such a request is answered 503.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy(_) | Self::Full | Self::ReadOnly(_))
    }

    /// Whether a uniqueness or other constraint is violated.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::PoolTimedOut => Self::Busy("every connection is taken".to_owned()),
            sqlx::Error::Database(error) => of_database(&*error),
            sqlx::Error::ColumnDecode { index, source } => Self::Decode { column: index, problem: source.to_string() },
            sqlx::Error::ColumnNotFound(column) => Self::Decode { column, problem: "there is no such column".to_owned() },
            sqlx::Error::Configuration(source) => Self::Configuration(source.to_string()),
            sqlx::Error::Io(source) => Self::Unavailable(source.to_string()),
            sqlx::Error::Tls(source) => Self::Unavailable(source.to_string()),
            other @ (sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed) => {
                Self::Unavailable(other.to_string())
            }
            other => Self::Refused(other.to_string()),
        }
    }
}

fn of_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let message = error.message().to_owned();
    if error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation() {
        return StoreError::Conflict(error.constraint().map_or(message, str::to_owned));
    }
    let code = error.code().unwrap_or(Cow::Borrowed(""));
    // SQLite's result codes are numbers whose low byte is the primary code; PostgreSQL's are five characters.
    match code.parse::<u32>().ok().filter(|_| code.len() < 5) {
        Some(number) => match number & 0xff {
            5 | 6 => StoreError::Busy(message),
            8 => StoreError::ReadOnly(message),
            13 => StoreError::Full,
            10 | 14 => StoreError::Unavailable(message),
            19 => StoreError::Conflict(message),
            _ => StoreError::Refused(message),
        },
        None => match code.get(..2).unwrap_or("") {
            "08" | "57" => StoreError::Unavailable(message),
            "53" if code == "53100" => StoreError::Full,
            "53" => StoreError::Unavailable(message),
            "55" | "40" => StoreError::Busy(message),
            "25" => StoreError::ReadOnly(message),
            "23" => StoreError::Conflict(message),
            "28" | "3D" => StoreError::Configuration(message),
            _ => StoreError::Refused(message),
        },
    }
}
