//! Connecting to PostgreSQL.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::StoreError;
use crate::database::Pools;
use crate::lent::Pool;
use crate::settings::DatabaseSettings;

pub(crate) async fn postgres(url: &str, settings: &DatabaseSettings) -> Result<Pools, StoreError> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Configuration("the PostgreSQL URL cannot be read".to_owned()))?
        .statement_cache_capacity(256);
    if options.get_application_name().is_none() {
        options = options.application_name("portcullis");
    }
    let wait = settings.wait;
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections.max(1))
        .acquire_timeout(settings.wait)
        // Asking before every statement would double its cost; a connection that rested may have lost its server.
        .test_before_acquire(false)
        .before_acquire(|connection, rested| {
            Box::pin(async move {
                if rested.idle_for > Duration::from_secs(1) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| Box::pin(bound_waits(connection, wait)))
        .connect_lazy_with(options.clone());
    let pool = Pool { connections: pool, wait: settings.wait, statement: settings.statement };
    match pool.connections.acquire().await {
        Ok(_) => return Ok(Pools::Postgres(pool)),
        // The pool kept trying, in case the server is just starting, and forgot why it couldn't: one more attempt says why.
        Err(sqlx::Error::PoolTimedOut) => {}
        Err(error) => return Err(StoreError::of_postgres(error)),
    }
    match tokio::time::timeout(settings.wait, options.connect()).await {
        Ok(Ok(connection)) => drop(connection.close().await),
        Ok(Err(error)) => return Err(StoreError::of_postgres(error)),
        Err(_) => return Err(StoreError::Unavailable("PostgreSQL does not answer".to_owned())),
    }
    Ok(Pools::Postgres(pool))
}

/// Bounds the wait for a lock, and a transaction whose program hangs, as on SQLite.
async fn bound_waits(connection: &mut PgConnection, wait: Duration) -> Result<(), sqlx::Error> {
    let milliseconds = wait.as_millis().max(1);
    let bounds = "SELECT set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false)";
    let query = sqlx::query(bounds).bind(milliseconds.to_string()).bind(milliseconds.saturating_mul(IDLE_WAITS).to_string());
    query.execute(connection).await.map(drop)
}

/// A transaction that gives no order for so many waits is undone.
const IDLE_WAITS: u128 = 12;
