//! The framework, seen by the callers of small applications over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly, as tests do")]

/// Runs each test with an application on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($start:ident => $($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = portcullis_testing::World::new(portcullis_testing::Backend::Sqlite) {
                    super::$name(super::$start(world).await).await;
                }
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = portcullis_testing::World::new(portcullis_testing::Backend::Postgres) {
                    super::$name(super::$start(world).await).await;
                }
            })*
        }
    };
}

/// Runs each test with an application on SQLite: for what the database has no part in.
macro_rules! on_one {
    ($start:ident => $($name:ident)*) => {
        mod on_one {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = portcullis_testing::World::new(portcullis_testing::Backend::Sqlite) {
                    super::$name(super::$start(world).await).await;
                }
            })*
        }
    };
}

mod addresses;
mod answers;
mod bodies;
mod bounds;
mod checks;
mod consistency;
mod foreign;
mod frozen;
mod issuer;
mod kit;
mod layers;
mod load;
mod management;
mod mounts;
mod names;
mod origins;
mod policies;
mod providers;
mod raw;
mod revoked;
mod shapes;
mod sockets;
mod spawning;
mod starting;
mod streams;
mod support;
mod texts;
mod unsent;
mod uploads;
