use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task::unconstrained;

/// Works until `stop` resolves; `Err` with what it resolved to when it came first.
///
/// Work is asked whenever the task is woken, `stop` only when it was `stop` that woke it: a connection that answers thousands of requests
/// doesn't look each time at a timer and at a token that all connections share. However busy the work is, `stop` is heard.
pub(super) async fn unless<S: Future, W: Future>(stop: S, work: W) -> Result<W::Output, S::Output> {
    let (mut stop, mut work) = (pin!(unconstrained(stop)), pin!(work));
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) });
    let waker = Waker::from(Arc::clone(&bell));
    let mut known = Waker::noop().clone();
    poll_fn(move |context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        // Before the bell is looked at: whoever rings from now on wakes this task, whoever rang for an earlier one is heard below.
        if !known.will_wake(context.waker()) {
            known.clone_from(context.waker());
            bell.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(context.waker());
        }
        if !bell.rung.load(Ordering::Acquire) || !bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        stop.as_mut().poll(&mut Context::from_waker(&waker)).map(Err)
    })
    .await
}

/// Rung by what wakes `stop`. The task's waker stays in it, however often it is rung.
struct Bell {
    rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
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

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn every_ring_wakes_whichever_task_asked_last() {
        let (asked, bell) = (AtomicUsize::new(0), Mutex::new(None));
        let stop = poll_fn(|context| {
            *bell.lock().unwrap() = Some(context.waker().clone());
            // Rung while it is asked, it is asked again.
            context.waker().wake_by_ref();
            if asked.fetch_add(1, Ordering::SeqCst) < 20 { Poll::Pending } else { Poll::Ready(()) }
        });
        let mut future = pin!(unless(stop, std::future::pending::<()>()));
        let tasks = [Arc::<Task>::default(), Arc::default()];
        let mut woken = [0, 0];
        for round in 0..20 {
            let at = round / 5 % 2;
            let waker = Waker::from(Arc::clone(&tasks[at]));
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(asked.load(Ordering::SeqCst), round + 1);
            for _ in 0..3 {
                bell.lock().unwrap().as_ref().unwrap().wake_by_ref();
            }
            woken[at] += 4;
            assert_eq!([tasks[0].0.load(Ordering::SeqCst), tasks[1].0.load(Ordering::SeqCst)], woken, "round {round}");
        }
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    #[tokio::test]
    async fn work_that_never_pauses_does_not_keep_stop_from_being_heard() {
        let token = CancellationToken::new();
        let work = poll_fn(|context| {
            context.waker().wake_by_ref();
            // Uses up what tokio lets one task do at a time.
            while let Poll::Ready(ready) = tokio::task::coop::poll_proceed(context) {
                ready.made_progress();
            }
            Poll::<()>::Pending
        });
        let stop = async {
            token.cancelled().await;
            tokio::time::sleep(std::time::Duration::ZERO).await;
        };
        let (result, ()) = tokio::join!(unless(stop, work), async { token.cancel() });
        assert_eq!(result, Err(()));
    }

    /// Work that wakes its task all the time until the very moment of the stop, and then never again; a stop of some
    /// steps, each of which rings from another thread.
    async fn restless(token: CancellationToken) -> Result<(), ()> {
        let work = async {
            while !token.is_cancelled() {
                tokio::task::yield_now().await;
            }
            std::future::pending::<()>().await;
        };
        let stop = async {
            token.cancelled().await;
            for _ in 0..3 {
                let ringing = tokio::spawn(tokio::task::yield_now());
                drop(ringing.await);
            }
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
