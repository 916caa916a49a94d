//! Placeholder until the store lands.
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unused_async)]
use portcullis_core::{Id, Timestamp};
#[derive(Debug, thiserror::Error)]
#[error("store")]
pub struct StoreError;
impl StoreError { #[must_use] pub fn is_unavailable(&self) -> bool { true } }
#[derive(Clone, Debug)] pub struct Database;
#[derive(Debug)] pub struct Query;
#[derive(Debug)] pub struct Transaction;
#[derive(Debug)] pub struct Row;
#[derive(Clone, Copy, Debug)] pub struct Migration { pub version: u32, pub name: &'static str, pub sqlite: &'static str, pub postgres: &'static str }
impl Migration { #[must_use] pub const fn both(version: u32, name: &'static str, sql: &'static str) -> Self { Self { version, name, sqlite: sql, postgres: sql } } }
#[derive(Clone, Copy, Debug)] pub struct Migrations { pub module: &'static str, pub steps: &'static [Migration] }
pub enum Value { Text(String) }
impl From<Id> for Value { fn from(_: Id) -> Self { Value::Text(String::new()) } }
impl From<Option<Id>> for Value { fn from(_: Option<Id>) -> Self { Value::Text(String::new()) } }
impl From<Timestamp> for Value { fn from(_: Timestamp) -> Self { Value::Text(String::new()) } }
impl From<String> for Value { fn from(_: String) -> Self { Value::Text(String::new()) } }
impl From<&str> for Value { fn from(_: &str) -> Self { Value::Text(String::new()) } }
impl From<Option<&str>> for Value { fn from(_: Option<&str>) -> Self { Value::Text(String::new()) } }
impl From<i64> for Value { fn from(_: i64) -> Self { Value::Text(String::new()) } }
pub trait Column: Sized {}
impl Column for Id {} impl Column for String {} impl Column for Timestamp {} impl Column for i64 {}
pub trait Record: Sized + Send + Unpin { fn from_row(row: &Row) -> Result<Self, StoreError>; }
impl Row { pub fn take<T: Column>(&self, _: &str) -> Result<T, StoreError> { Err(StoreError) } }
impl Database {
    pub fn query(&self, _: &'static str) -> Query { Query }
    pub async fn begin(&self) -> Result<Transaction, StoreError> { Err(StoreError) }
    pub async fn ping(&self) -> Result<(), StoreError> { Err(StoreError) }
    pub async fn migrate(&self, _: &[Migrations], _: Timestamp) -> Result<usize, StoreError> { Err(StoreError) }
}
impl Transaction { pub fn query(&mut self, _: &'static str) -> Query { Query } pub async fn commit(self) -> Result<(), StoreError> { Ok(()) } }
impl Query {
    #[must_use] pub fn bind(self, _: impl Into<Value>) -> Self { self }
    pub async fn fetch_optional<T: Record>(self) -> Result<Option<T>, StoreError> { Err(StoreError) }
    pub async fn fetch_one<T: Record>(self) -> Result<T, StoreError> { Err(StoreError) }
    pub async fn fetch_all<T: Record>(self) -> Result<Vec<T>, StoreError> { Err(StoreError) }
    pub async fn execute(self) -> Result<u64, StoreError> { Err(StoreError) }
}
