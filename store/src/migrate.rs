use std::fmt::Write as _;

use portcullis_core::Timestamp;

use crate::StoreError;
use crate::database::{Database, Dialect};
use crate::record::{Record, Row};
use crate::transaction::Transaction;

/// The steps that build the tables of one module; they are only ever appended.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The module's name, for ever.
    pub module: &'static str,
    /// The steps, by rising version.
    pub steps: &'static [Migration],
}

/// One step: the statements for each dialect, several separated by `;`, without `BEGIN` and `COMMIT`.
///
/// Foreign keys are enforced while it runs: on SQLite, `DROP TABLE` deletes the rows first, and what cascades goes with them.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The step's number, from 1.
    pub version: u32,
    /// What it does.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    /// A step whose statements are the same for both.
    #[must_use]
    pub const fn both(version: u32, name: &'static str, sql: &'static str) -> Self {
        Self { version, name, sqlite: sql, postgres: sql }
    }

    const fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

impl Database {
    /// Brings the tables of these modules to what this program knows; the number of steps that were applied.
    ///
    /// Every step is a transaction of its own; two processes that start at once take turns. Nothing is applied when any module is refused,
    /// and where nothing is missing, nothing is written: the program then needs no right to make tables.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when the database is ahead of this program; [`StoreError::Migration`] when an applied step was changed or a
    /// step fails, which leaves the steps before it applied.
    pub async fn migrate(&self, modules: &[Migrations], now: Timestamp) -> Result<usize, StoreError> {
        if !self.has_table().await? {
            let mut transaction = self.locked().await?;
            transaction.run(TABLE).await?;
            transaction.commit().await?;
        }
        let steps: Vec<Applied> = self.query("SELECT module, version, checksum FROM portcullis_migrations").fetch_all().await?;
        let mut missing = Vec::new();
        for module in modules {
            let of_module: Vec<_> = steps.iter().filter(|step| step.module == module.module).collect();
            missing.extend(module.missing(&of_module, self.dialect())?.into_iter().map(|step| (module, step)));
        }
        let mut applied = 0;
        for (module, step) in missing {
            applied += usize::from(self.apply(module, step, now).await?);
            self.forget_statements();
        }
        Ok(applied)
    }

    /// Applies one step, unless another process did meanwhile.
    async fn apply(&self, module: &Migrations, step: &Migration, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.locked().await?;
        let steps: Vec<Applied> = transaction
            .query("SELECT module, version, checksum FROM portcullis_migrations WHERE module = $1")
            .bind(module.module)
            .fetch_all()
            .await?;
        let missing = module.missing(&steps.iter().collect::<Vec<_>>(), self.dialect())?;
        if missing.iter().all(|other| other.version != step.version) {
            return Ok(false);
        }
        let sql = step.sql(self.dialect());
        transaction.run(sql).await.map_err(|error| match error {
            error if error.is_unavailable() => error,
            error => module.refused(step.version, error.to_string()),
        })?;
        transaction
            .query("INSERT INTO portcullis_migrations (module, version, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(module.module)
            .bind(step.version)
            .bind(step.name)
            .bind(checksum(sql))
            .bind(now)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn has_table(&self) -> Result<bool, StoreError> {
        self.query(match self.dialect() {
            Dialect::Sqlite => "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'portcullis_migrations')",
            Dialect::Postgres => "SELECT to_regclass('portcullis_migrations') IS NOT NULL",
        })
        .fetch_one()
        .await
    }

    /// A transaction that no other migrating process shares: SQLite's write lock, or an advisory lock.
    ///
    /// SQLite stops waiting after the wait, PostgreSQL never does: another process may need a while for its steps.
    async fn locked(&self) -> Result<Transaction, StoreError> {
        let mut turns = 1;
        let mut transaction = loop {
            match self.begin().await {
                Err(StoreError::Busy(_)) if turns < TURNS => turns += 1,
                begun => break begun?,
            }
        };
        if self.dialect() == Dialect::Postgres {
            // One by one: several statements in one text would be parsed before the first one counts.
            transaction.run("SET LOCAL lock_timeout = 0").await?;
            transaction.run("SELECT pg_advisory_xact_lock(7304771210453)").await?;
        }
        Ok(transaction)
    }
}

impl Migrations {
    /// The steps that the database lacks, in order.
    fn missing(&self, applied: &[&Applied], dialect: Dialect) -> Result<Vec<&'static Migration>, StoreError> {
        let known = self.steps.last().map_or(0, |last| last.version);
        let found = applied.iter().map(|step| step.version).max().unwrap_or(0);
        if found > i64::from(known) {
            return Err(StoreError::Newer { module: self.module.to_owned(), found, known });
        }
        let mut missing = Vec::new();
        let mut before = 0;
        for step in self.steps {
            if step.version <= before {
                return Err(self.refused(step.version, "is listed out of order: versions rise from 1"));
            }
            before = step.version;
            match applied.iter().find(|applied| applied.version == i64::from(step.version)) {
                Some(applied) if applied.checksum == checksum(step.sql(dialect)) => {}
                Some(_) => return Err(self.refused(step.version, "was applied with other statements: steps are only ever appended")),
                None if found > i64::from(step.version) => {
                    return Err(self.refused(step.version, "comes before a step that is applied already: steps are only ever appended"));
                }
                None => missing.push(step),
            }
        }
        Ok(missing)
    }

    fn refused(&self, version: u32, problem: impl Into<String>) -> StoreError {
        StoreError::Migration { module: self.module, version, problem: problem.into() }
    }
}

/// A step that the database has.
struct Applied {
    module: String,
    version: i64,
    checksum: String,
}

impl Record for Applied {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { module: row.take("module")?, version: row.take("version")?, checksum: row.take("checksum")? })
    }
}

fn checksum(sql: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many waits to wait for another process's migration.
const TURNS: u32 = 12;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS portcullis_migrations (
    module TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (module, version)
)";
