//! Background work and shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portcullis::prelude::*;
use portcullis_testing::TestApp;
use tokio::sync::Notify;

use crate::support::{Role, start, world};

/// Work that a test holds and lets go.
#[derive(Clone, Debug, Default, Provider)]
struct Work(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    go_on: Notify,
    began: Notify,
    is_done: AtomicBool,
    loop_ended: AtomicBool,
}

struct OnDrop(Arc<Inside>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.loop_ended.store(true, Ordering::SeqCst);
    }
}

#[post("/work", access = Public("a test"))]
async fn work(spawner: Spawner, work: Work) -> Text {
    let (own, guard) = (work.clone(), OnDrop(Arc::clone(&work.0)));
    let looping = spawner.spawn_until_shutdown(async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    });
    let working = spawner.spawn(async move {
        own.0.began.notify_one();
        own.0.go_on.notified().await;
        own.0.is_done.store(true, Ordering::SeqCst);
    });
    Text(format!("{looping} {working}").into())
}

async fn working(drain: &str) -> Option<(TestApp, Work)> {
    let work_held = Work::default();
    let app = App::<Role>::new("Work").provide(work_held.clone()).endpoints(endpoints![work]);
    let app = start(app, world()?.with("LIMITS__SHUTDOWN_DRAIN_SECONDS", drain)).await;
    assert_eq!(app.anonymous().post("/work", &serde_json::json!({})).await.text(), "true true");
    work_held.0.began.notified().await;
    Some((app, work_held))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_began_is_finished_before_the_service_ends() {
    let Some((app, work)) = working("20").await else { return };
    let runtime = Arc::clone(app.runtime());
    let ending = tokio::spawn(app.end());
    // The loop ends because shutdown begins; the work goes on.
    crate::raw::eventually(|| work.0.loop_ended.load(Ordering::SeqCst)).await;
    assert!(!work.0.is_done.load(Ordering::SeqCst) && !ending.is_finished());
    assert!(!runtime.spawner().spawn(async {}), "nothing new begins");
    work.0.go_on.notify_one();
    ending.await.unwrap();
    assert!(work.0.is_done.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_without_an_end_holds_the_service_up_for_the_drain_only() {
    let Some((app, work)) = working("1").await else { return };
    let began = Instant::now();
    app.end().await;
    assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!work.0.is_done.load(Ordering::SeqCst));
}
