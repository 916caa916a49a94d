use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Error, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::open::{Place, Purpose};
use super::run::run;
use crate::StoreError;
use crate::driver::{Answer, Want};
use crate::value::Value;

/// Connections that read, lent out in the order of asking.
pub(crate) struct Readers {
    place: Place,
    places: u32,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Reader>>,
    /// Counted up when the tables have changed: older connections are closed instead of going back.
    generation: AtomicU64,
}

struct Reader {
    connection: Connection,
    /// How often SQLite may still ask whether to go on.
    budget: Arc<AtomicU32>,
    generation: u64,
}

/// A connection on loan; back among the idle when dropped.
struct Lease {
    readers: Arc<Readers>,
    reader: Option<Reader>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) async fn start(place: Place, places: u32) -> Result<Arc<Self>, StoreError> {
        let readers = Self::new(place, places);
        drop(readers.lease().await?);
        Ok(readers)
    }

    /// Opens each connection when it is first used.
    pub(super) fn new(place: Place, places: u32) -> Arc<Self> {
        let places = places.clamp(1, 1024);
        let free = Arc::new(Semaphore::new(places as usize));
        Arc::new(Self { place, places, free, idle: Mutex::default(), generation: AtomicU64::new(0) })
    }

    pub(crate) async fn run(self: &Arc<Self>, sql: &'static str, values: Vec<Value>, want: Want) -> Result<Answer, StoreError> {
        let lease = self.lease().await?;
        match lease.run_briefly(sql, &values, want) {
            Ok(answer) => Ok(answer),
            Err(error) if is_worth_waiting(&error) => {
                on_a_blocking_thread(move || lease.run_patiently(sql, &values, want)).await?.map_err(|error| StoreError::of_sqlite(&error))
            }
            Err(error) => Err(StoreError::of_sqlite(&error)),
        }
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let place = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::Closed) => return Err(closed()),
            Err(TryAcquireError::NoPermits) => tokio::time::timeout(self.place.wait, Arc::clone(&self.free).acquire_owned())
                .await
                .map_err(|_| StoreError::Busy("every connection was taken for as long as the wait".to_owned()))?
                .map_err(|_| closed())?,
        };
        let idle = self.idle().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => {
                let (location, generation) = (self.place.clone(), self.generation.load(Ordering::Acquire));
                on_a_blocking_thread(move || Reader::open(&location, generation)).await??
            }
        };
        Ok(Lease { readers: Arc::clone(self), reader: Some(reader), _place: place })
    }

    /// Closes what isn't on loan, and what is when it comes back.
    pub(super) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.idle().clear();
    }

    pub(super) async fn close(&self) {
        let all = tokio::time::timeout(self.place.wait, self.free.acquire_many(self.places)).await;
        self.free.close();
        drop(all);
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    fn open(place: &Place, generation: u64) -> Result<Self, StoreError> {
        let mut connection = place.open(Purpose::Read)?;
        let budget = Arc::new(AtomicU32::new(UNLIMITED));
        let left = Arc::clone(&budget);
        let spent = move || left.fetch_sub(1, Ordering::Relaxed) == 0;
        connection.progress_handler(STEPS, Some(spent)).map_err(|error| StoreError::of_sqlite(&error))?;
        Ok(Self { connection, budget, generation })
    }
}

impl Lease {
    /// Within the budget, and without waiting for a lock.
    fn run_briefly(&self, sql: &'static str, values: &[Value], want: Want) -> Result<Answer, Error> {
        self.run_within(BUDGET, Duration::ZERO, sql, values, want)
    }

    fn run_patiently(&self, sql: &'static str, values: &[Value], want: Want) -> Result<Answer, Error> {
        self.run_within(UNLIMITED, self.readers.place.wait, sql, values, want)
    }

    fn run_within(&self, budget: u32, wait: Duration, sql: &'static str, values: &[Value], want: Want) -> Result<Answer, Error> {
        let Some(reader) = &self.reader else { return Err(Error::InvalidQuery) };
        reader.budget.store(budget, Ordering::Relaxed);
        reader.connection.busy_timeout(wait)?;
        run(&reader.connection, sql, values, want)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        if !self.readers.free.is_closed() && reader.generation == self.readers.generation.load(Ordering::Acquire) {
            self.readers.idle().push(reader);
        }
    }
}

/// Too long for the caller's thread, or another program holds the lock.
fn is_worth_waiting(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

async fn on_a_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".to_owned())
}

/// SQLite asks after this many of its own instructions: a few ten microseconds.
const STEPS: i32 = 1000;
/// A page of a list takes one or two; a scan of a large table takes more, and goes to a blocking thread.
const BUDGET: u32 = 10;
const UNLIMITED: u32 = u32::MAX;
