use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::StoreError;

/// Connections to one SQLite file, lent out in the order of asking.
///
/// A connection whose transaction can't be undone, or whose thread is gone, is closed instead of going back: SQLite undoes a transaction by
/// itself when the disk is full, and a pool that counts transactions would never be able to begin another one on that connection.
pub(crate) struct Lane {
    options: SqliteConnectOptions,
    places: u32,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
    wait: Duration,
}

/// A connection on loan; back in its lane when dropped.
pub(crate) struct Lease {
    lane: Arc<Lane>,
    connection: Option<SqliteConnection>,
    place: Option<OwnedSemaphorePermit>,
    /// Whether a transaction has begun and not ended.
    open: bool,
}

impl Lane {
    pub(crate) fn new(options: SqliteConnectOptions, places: u32, wait: Duration) -> Arc<Self> {
        let places = places.clamp(1, 1024);
        let free = Arc::new(Semaphore::new(places as usize));
        Arc::new(Self { options, places, free, idle: Mutex::new(Vec::new()), wait })
    }

    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let place = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::Closed) => return Err(closed()),
            Err(TryAcquireError::NoPermits) => tokio::time::timeout(self.wait, Arc::clone(&self.free).acquire_owned())
                .await
                .map_err(|_| StoreError::Busy("every connection was taken for as long as the wait".to_owned()))?
                .map_err(|_| closed())?,
        };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(StoreError::of_sqlite)?,
        };
        Ok(Lease { lane: Arc::clone(self), connection: Some(connection), place: Some(place), open: false })
    }

    /// Waits for what is on loan, then closes every connection.
    pub(crate) async fn close(&self) {
        let all = tokio::time::timeout(self.wait, self.free.acquire_many(self.places)).await;
        self.free.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a database connection did not close cleanly");
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_back(&self, connection: SqliteConnection) {
        if !self.free.is_closed() {
            self.idle().push(connection);
        }
    }
}

impl Lease {
    /// The connection; an error after its thread was lost.
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is lost".to_owned()))
    }

    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        // Set first: when the caller goes away while this waits for the lock, what began is undone.
        self.open = true;
        let begun = self.control("BEGIN IMMEDIATE").await;
        self.open = begun.is_ok();
        begun
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.control("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = sqlx::query(sql).execute(self.connection()?).await;
        done.map(drop).map_err(|error| self.failed(error))
    }

    /// Gives up the connection if it is beyond use.
    pub(crate) fn failed(&mut self, error: sqlx::Error) -> StoreError {
        if matches!(error, sqlx::Error::WorkerCrashed) {
            self.connection = None;
        }
        StoreError::of_sqlite(error)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(mut connection), place) = (self.connection.take(), self.place.take()) else { return };
        if !self.open {
            return self.lane.take_back(connection);
        }
        // Without a runtime the connection is closed here, which undoes the transaction too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let lane = Arc::clone(&self.lane);
        runtime.spawn(async move {
            if sqlx::query("ROLLBACK").execute(&mut connection).await.is_ok() {
                lane.take_back(connection);
            }
            drop(place);
        });
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".to_owned())
}
