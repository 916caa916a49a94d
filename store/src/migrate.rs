use std::fmt::Write as _;

use portcullis_core::Timestamp;

use crate::database::{Database, Dialect};
use crate::transaction::Transaction;
use crate::StoreError;

/// The steps that build the tables of one module; they are only ever appended.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The module's name, for ever.
    pub module: &'static str,
    /// The steps, by rising version.
    pub steps: &'static [Migration],
}

/// One step: the statements for each dialect.
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
    /// Every step is a transaction of its own; two processes that start at once take turns.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when the database is ahead of this program; [`StoreError::Migration`] when an applied step was changed or a
    /// step fails, which leaves the steps before it applied.
    pub async fn migrate(&self, modules: &[Migrations], now: Timestamp) -> Result<usize, StoreError> {
        let mut transaction = self.locked().await?;
        transaction.run(TABLE).await?;
        transaction.commit().await?;
        let mut applied = 0;
        for module in modules {
            for step in module.steps {
                applied += usize::from(self.apply(module, step, now).await?);
            }
        }
        Ok(applied)
    }

    async fn apply(&self, module: &Migrations, step: &Migration, now: Timestamp) -> Result<bool, StoreError> {
        let failed = |problem: String| StoreError::Migration { module: module.module, version: step.version, problem };
        let sql = step.sql(self.dialect());
        let checksum = checksum(sql);
        let mut transaction = self.locked().await?;
        let newest = transaction
            .query("SELECT COALESCE(MAX(version), 0) FROM portcullis_migrations WHERE module = $1")
            .bind(module.module)
            .fetch_one::<(i64,)>()
            .await?
            .0;
        let known = module.steps.last().map_or(0, |last| last.version);
        if newest > i64::from(known) {
            return Err(StoreError::Newer { module: module.module.to_owned(), found: newest, known });
        }
        let earlier = transaction
            .query("SELECT checksum FROM portcullis_migrations WHERE module = $1 AND version = $2")
            .bind(module.module)
            .bind(step.version)
            .fetch_optional::<(String,)>()
            .await?;
        match earlier {
            Some((applied,)) if applied == checksum => return Ok(false),
            Some(_) => return Err(failed("was applied with other statements: steps are only ever appended".to_owned())),
            None if newest >= i64::from(step.version) => return Err(failed("comes before a step that is applied already".to_owned())),
            None => {}
        }
        transaction.run(sql).await.map_err(|error| failed(error.to_string()))?;
        transaction
            .query("INSERT INTO portcullis_migrations (module, version, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(module.module)
            .bind(step.version)
            .bind(step.name)
            .bind(checksum)
            .bind(now)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A transaction that no other migrating process shares: SQLite's write lock, or an advisory lock.
    async fn locked(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.begin().await?;
        if self.dialect() == Dialect::Postgres {
            transaction.run("SELECT pg_advisory_xact_lock(7304771210453)").await?;
        }
        Ok(transaction)
    }
}

fn checksum(sql: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS portcullis_migrations (
    module TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (module, version)
)";
