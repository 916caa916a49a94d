use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Whether what was read from the database is still what stands there.
#[derive(Default)]
pub(super) struct Freshness {
    /// How often it was found to be out of date.
    distrusted: AtomicU64,
    /// Up to which of these times it was read again.
    read: AtomicU64,
    reading: Mutex<()>,
}

impl Freshness {
    pub(super) fn distrust(&self) {
        self.distrusted.fetch_add(1, Ordering::AcqRel);
    }

    /// Reads again if that is due, once for all who ask at the same time.
    pub(super) async fn refresh<E, F: Future<Output = Result<(), E>>>(&self, read: impl FnOnce() -> F) -> Result<(), E> {
        if self.is_fresh() {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        // Whoever distrusts it while it is read has it read again.
        let distrusted = self.distrusted.load(Ordering::Acquire);
        read().await?;
        self.read.store(distrusted, Ordering::Release);
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.read.load(Ordering::Acquire) == self.distrusted.load(Ordering::Acquire)
    }
}
