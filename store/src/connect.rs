//! Connecting to PostgreSQL.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
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
    let bounds = bounds(settings.wait);
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
        .after_connect(move |connection, _| {
            let bounds = bounds.clone();
            Box::pin(async move { sqlx::raw_sql(sqlx::AssertSqlSafe(bounds)).execute(connection).await.map(drop) })
        })
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

/// What bounds a wait for a lock, and a transaction whose program hangs, as on SQLite.
fn bounds(wait: Duration) -> String {
    let milliseconds = wait.as_millis().max(1);
    let idle = milliseconds.saturating_mul(12);
    format!("SET lock_timeout = {milliseconds}; SET idle_in_transaction_session_timeout = {idle}")
}
