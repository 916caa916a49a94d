//! One typed database handle over embedded SQLite and PostgreSQL.
//!
//! The SQL is the same text on both: `$1` placeholders, identifiers as TEXT, moments as BIGINT microseconds since 1970 in UTC. It is always
//! `&'static str`: text put together at run time doesn't compile. A sum is read as `CAST(SUM(…) AS BIGINT)`, because PostgreSQL widens it.
//! Statements name their columns: `SELECT *` is answered 503 once when another program changes the table, and on SQLite it may even read a
//! column by the name that it had before. The driver below is not part of the interface.

mod settings;
pub use settings::DatabaseSettings;
mod database;
pub use database::{Database, Dialect};
mod transaction;
pub use transaction::Transaction;
mod batch;
pub use batch::{Answers, Batch, Statements};
mod sql;
pub use sql::Sql;
mod query;
pub use query::Query;
mod value;
pub use value::{Kind, Value};
mod record;
pub use record::{At, Column, Record, Row};
mod migrate;
pub use migrate::{Migration, Migrations};
mod error;
pub use error::StoreError;
mod reserved;
pub use reserved::Reserved;

mod classify;
#[cfg(feature = "postgres")]
mod connect;
mod driver;
#[cfg(feature = "postgres")]
mod lent;
#[cfg(feature = "postgres")]
mod session;
mod sqlite;
mod statement;
