//! Databases for tests: a fresh SQLite file, or a database on a PostgreSQL server that belongs to the test process.
//!
//! The environment variable `PORTCULLIS_TEST_DATABASES` says which: `sqlite` (also when it is unset) or `sqlite,postgres`. Demanding
//! PostgreSQL where its programs (`initdb`, `pg_ctl`, `createdb`) are missing fails every test that wanted it; nothing is skipped in silence.

mod backend;
pub use backend::{Backend, Guard, fresh, selected};
mod server;
pub use server::{Failure, Frozen, Server};
