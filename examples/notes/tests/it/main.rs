//! The notes example, seen by its callers over HTTPS, on every database that the environment selects.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly, as tests do"
)]

/// Runs each test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(app) = crate::support::notes(portcullis_testing::Backend::Sqlite).await {
                    super::$name(app).await;
                }
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(app) = crate::support::notes(portcullis_testing::Backend::Postgres).await {
                    super::$name(app).await;
                }
            })*
        }
    };
}

mod access;
mod bad_input;
mod credentials;
mod documents;
mod observation;
mod processes;
mod reference;
mod scopes;
mod support;
mod uniform;
