use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

use crate::observe::with_own_request_id;

/// Runs background work that ends with the service: at shutdown new work is refused and what runs is waited for, bounded by the drain.
#[derive(Clone, Default)]
pub struct Spawner(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Spawner {
    /// Starts a piece of work that runs to its end even when shutdown begins; `false` when it already has begun.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        if self.0.shutdown.is_cancelled() {
            return false;
        }
        self.0.tasks.spawn(work);
        true
    }

    /// Starts a piece of work that is dropped when shutdown begins, such as a loop.
    pub fn spawn_until_shutdown(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let token = self.0.shutdown.clone();
        self.spawn(async move {
            token.run_until_cancelled(work).await;
        })
    }

    /// Runs a piece of work here, and drops it when shutdown begins.
    pub async fn until_shutdown(&self, work: impl Future<Output = ()> + Send) {
        let token = self.0.shutdown.clone();
        self.0.tasks.track_future(token.run_until_cancelled(work)).await;
    }

    /// Runs a piece of work to its end, even when the future that waits for it is dropped because the client has disconnected. Shutdown
    /// waits for it as for other work.
    pub async fn run_to_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        match self.0.tasks.spawn(with_own_request_id(work)).await {
            Ok(value) => value,
            Err(error) => match error.try_into_panic() {
                // The panic is the caller's, as if the work had run in place.
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is ending, and with it whoever waits here.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Resolves when shutdown begins.
    pub fn shutdown_begins(&self) -> WaitForCancellationFutureOwned {
        self.0.shutdown.clone().cancelled_owned()
    }

    /// Begins shutdown.
    pub(crate) fn begin_shutdown(&self) {
        self.0.shutdown.cancel();
        self.0.tasks.close();
    }

    /// Resolves when all work has ended.
    pub(crate) async fn drained(&self) {
        self.0.tasks.wait().await;
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spawner({} tasks)", self.0.tasks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_drops_loops_and_waits_for_work() {
        let spawner = Spawner::default();
        let (send, receive) = tokio::sync::oneshot::channel::<()>();
        spawner.spawn_until_shutdown(std::future::pending());
        spawner.spawn(async move { drop(receive.await) });
        spawner.begin_shutdown();
        assert!(!spawner.spawn(async {}));
        drop(send);
        spawner.drained().await;
    }

    #[tokio::test]
    async fn work_that_must_end_goes_on_without_its_caller_and_shutdown_waits_for_it() {
        let spawner = Spawner::default();
        let (go, told) = tokio::sync::oneshot::channel::<()>();
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let own = Arc::clone(&done);
        let mut waiting = Box::pin(spawner.run_to_end(async move {
            let _ = told.await;
            own.store(true, std::sync::atomic::Ordering::SeqCst);
        }));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        spawner.begin_shutdown();
        go.send(()).unwrap();
        spawner.drained().await;
        assert!(done.load(std::sync::atomic::Ordering::SeqCst));
        assert_eq!(spawner.run_to_end(async { 7 }).await, 7);
    }
}
