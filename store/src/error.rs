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
    #[error(
        "module `{module}` of the database is at version {found}, this program knows {known}: run a newer version of the program, or restore a backup"
    )]
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
    /// A value that the databases can't hold: it comes from input that should have been refused.
    #[error("the databases cannot hold {0}")]
    Unstorable(&'static str),
    /// The tables changed while the program ran; the same statement succeeds from now on.
    #[error("the tables were changed by another program: the statement is prepared anew")]
    Outdated,
    /// The file is damaged or is no database.
    #[error("the database is damaged, or no database: {0}; restore a backup, or name another file")]
    Corrupt(String),
    /// The statement itself is wrong.
    #[error("the database refused the statement: {0}")]
    Refused(String),
}

impl StoreError {
    /// Whether waiting may help: such a request is answered 503.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy(_) | Self::Full | Self::ReadOnly(_) | Self::Outdated)
    }

    /// Whether a uniqueness or other constraint is violated.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}
