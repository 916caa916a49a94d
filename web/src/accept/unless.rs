use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Works until `stop` resolves; `Err` with what it resolved to when it came first.
///
/// Work is asked whenever the task is woken, `stop` only when it was `stop` that woke it: a connection that answers thousands of requests
/// doesn't look each time at a timer and at a token that all connections share.
pub(super) async fn unless<S: Future, W: Future>(stop: S, work: W) -> Result<W::Output, S::Output> {
    let (mut stop, mut work) = (pin!(stop), pin!(work));
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: AtomicWaker::new() });
    let waker = Waker::from(Arc::clone(&bell));
    let mut known: Option<Waker> = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if known.as_ref().is_none_or(|known| !known.will_wake(context.waker())) {
            known = Some(context.waker().clone());
            bell.task.register(context.waker());
        }
        if !bell.rung.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        // Ringing took the task's waker. First it is given again, then the bell made ready: who rings in between is heard.
        bell.task.register(context.waker());
        bell.rung.store(false, Ordering::SeqCst);
        stop.as_mut().poll(&mut Context::from_waker(&waker)).map(Err)
    })
    .await
}

/// Rung by what wakes `stop`.
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::mpsc::unbounded_channel;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn work_runs_to_its_end_and_asks_stop_only_when_that_was_woken() {
        let (send, mut receive) = unbounded_channel();
        let (asked, token) = (AtomicUsize::new(0), CancellationToken::new());
        let mut cancelled = pin!(token.cancelled());
        let stop = poll_fn(|context| {
            asked.fetch_add(1, Ordering::SeqCst);
            cancelled.as_mut().poll(context)
        });
        let work = async {
            for expected in 0..100 {
                assert_eq!(receive.recv().await, Some(expected));
            }
            "done"
        };
        let feed = async {
            for number in 0..100 {
                send.send(number).unwrap();
                tokio::task::yield_now().await;
            }
        };
        let (result, ()) = tokio::join!(unless(stop, work), feed);
        assert_eq!(result, Ok("done"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_stops_is_heard_at_once_before_and_during_the_work() {
        let token = CancellationToken::new();
        let never = std::future::pending::<()>;
        let (result, ()) = tokio::join!(unless(token.cancelled(), never()), async { token.cancel() });
        assert_eq!(result, Err(()));
        assert_eq!(unless(token.cancelled(), never()).await, Err(()));
        assert_eq!(unless(token.cancelled(), async { 1 }).await, Ok(1), "work that is done is never lost");
    }

    /// Work that wakes its task all the time until the very moment of the stop, and then never again; a stop of two steps, each of which
    /// rings.
    async fn restless(token: CancellationToken) -> Result<(), ()> {
        let work = async {
            while !token.is_cancelled() {
                tokio::task::yield_now().await;
            }
            std::future::pending::<()>().await;
        };
        let stop = async {
            token.cancelled().await;
            tokio::task::yield_now().await;
        };
        unless(stop, work).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_ring_is_lost_however_busy_the_work_is() {
        for _ in 0..2000 {
            let token = CancellationToken::new();
            let task = tokio::spawn(restless(token.clone()));
            token.cancel();
            let stopped = tokio::time::timeout(std::time::Duration::from_secs(20), task).await;
            assert_eq!(stopped.expect("a ring was lost").unwrap(), Err(()));
        }
    }
}
