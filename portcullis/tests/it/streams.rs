//! Server-sent events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use http::Method;
use portcullis::prelude::*;
use portcullis::web::respond::{Event, Events};
use portcullis_testing::{TestApp, World, check_uniform};
use tokio::time::timeout;

use crate::raw::{PATIENCE, eventually};
use crate::support::{Believer, Nobody, Role, caller, start, world};

#[output]
struct Tick {
    number: u32,
    text: &'static str,
}

/// Counts streams that were dropped.
#[derive(Clone, Debug, Default, Provider)]
struct Dropped(Arc<AtomicUsize>);

struct OnDrop(Dropped);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An event every 300 ms.
#[get("/ticks", access = Role::Clerk)]
async fn ticks(spawner: Spawner, dropped: Dropped) -> Events {
    let guard = OnDrop(dropped);
    let interval = tokio::time::interval(Duration::from_millis(300));
    let ticks = stream::unfold((0_u32, interval), |(number, mut interval)| async move {
        interval.tick().await;
        Some((number, (number + 1, interval)))
    });
    Events::new(
        &spawner,
        ticks.map(move |number| {
            let _held = &guard;
            Event::json(&Tick { number, text: "a\n\ndata: b" }).named("tick")
        }),
    )
}

async fn streams(world: World) -> TestApp {
    streams_with(world, Dropped::default()).await
}

async fn streams_with(world: World, dropped: Dropped) -> TestApp {
    let app = App::new("Streams").provide(dropped).module::<Nobody>(Believer).endpoints(endpoints![ticks]);
    start(app, world.with("LIMITS__HANDLER_SECONDS", "1")).await
}

on_one!(streams =>
    a_stream_begins_under_its_policy
    a_stream_outlives_the_time_of_a_handler
    a_stream_ends_when_the_service_does
);

/// Opens the stream and reads its first event.
async fn open(app: &TestApp) -> reqwest::Response {
    let mut response = caller(app, "cleo/clerk").request(Method::GET, "/ticks").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let first = timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(&*first, b"data: {\"number\":0,\"text\":\"a\\n\\ndata: b\"}\nevent: tick\n\n");
    response
}

async fn a_stream_begins_under_its_policy(app: TestApp) {
    for (answer, status) in [(app.anonymous().get("/ticks").await, 401), (caller(&app, "gus/guest").get("/ticks").await, 403)] {
        assert_eq!(answer.status, status);
        check_uniform(&answer);
    }
    let response = open(&app).await;
    let header = |name: &str| response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(header("content-type"), ["text/event-stream"]);
    assert_eq!((header("cache-control"), header("x-content-type-options")), (vec!["no-store"], vec!["nosniff"]));
    let document = app.anonymous().get("/openapi.json").await.json();
    assert!(document["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"].is_object());
}

async fn a_stream_outlives_the_time_of_a_handler(app: TestApp) {
    let (began, mut response) = (Instant::now(), open(&app).await);
    while began.elapsed() < Duration::from_millis(1500) {
        assert!(timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().is_some(), "it goes on");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_when_its_client_leaves() {
    let (Some(world), dropped) = (world(), Dropped::default()) else { return };
    let app = streams_with(world, dropped.clone()).await;
    let response = open(&app).await;
    assert_eq!(dropped.0.load(Ordering::SeqCst), 0);
    drop(response);
    eventually(|| dropped.0.load(Ordering::SeqCst) == 1).await;
}

async fn a_stream_ends_when_the_service_does(app: TestApp) {
    let mut response = open(&app).await;
    let ending = tokio::spawn(app.end());
    let rest = async { while response.chunk().await.unwrap_or(None).is_some() {} };
    assert!(timeout(PATIENCE, rest).await.is_ok(), "the stream ends");
    assert!(timeout(PATIENCE, ending).await.is_ok(), "nothing holds the service up");
}
