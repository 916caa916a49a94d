//! The store as its callers see it: one contract on both databases, and the failures of each.
//!
//! `PORTCULLIS_TEST_DATABASES=sqlite,postgres` runs the contract on PostgreSQL too; see `portcullis-testing-postgres`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly, as tests do")]

mod support;

mod batches;
mod contract;
mod migrations;
mod postgres;
mod sqlite;
mod together;
mod transactions;
