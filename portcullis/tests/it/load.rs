//! Too much at once, too slow, too long: one clear answer each, that looks like every other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use portcullis::prelude::*;
use portcullis_testing::{Answer, TestApp, World, check_uniform};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::raw::{eventually, read_until};
use crate::support::{Role, behind_proxy, send, start, world};

/// Holds handlers until it is opened.
#[derive(Clone, Debug, Default, Provider)]
struct Gate(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    began: Notify,
    open: Notify,
    dropped: AtomicUsize,
}

struct Unfinished<'a>(&'a AtomicUsize);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[get("/wait", access = Public("a test"))]
async fn wait(gate: Gate) -> NoContent {
    let _unfinished = Unfinished(&gate.0.dropped);
    gate.0.began.notify_one();
    gate.0.open.notified().await;
    NoContent
}

#[get("/quick", access = Public("a test"))]
async fn quick() -> NoContent {
    NoContent
}

#[input]
struct Note {
    #[check(length(chars, max = 10))]
    text: String,
}

#[post("/notes", access = Public("a test"))]
async fn note(Json(note): Json<Note>) -> Text {
    Text(note.text.into())
}

async fn load(world: World, gate: &Gate) -> TestApp {
    start(App::<Role>::new("Load").provide(gate.clone()).endpoints(endpoints![wait, quick, note]), world).await
}

fn is_refused_for_now(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (503, &"unavailable".into()), "{answer:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    check_uniform(answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn surplus_requests_are_turned_away_at_once() {
    let (Some(world), gate) = (world(), Gate::default()) else { return };
    let app = load(world.with("LIMITS__RUNNING_HANDLERS", "2"), &gate).await;
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let anonymous = app.anonymous();
            tokio::spawn(async move { anonymous.get("/wait").await.status })
        })
        .collect();
    gate.0.began.notified().await;
    eventually(|| app_is_full(&gate, 2)).await;
    for path in ["/quick", "/wait", "/livez", "/nothing"] {
        is_refused_for_now(&app.anonymous().get(path).await);
    }
    assert_eq!(app.management("/livez").await.0, 200, "probes have a listener of their own");
    gate.0.open.notify_waiters();
    for handle in waiting {
        assert_eq!(handle.await.unwrap(), 204);
    }
    assert_eq!(app.anonymous().get("/quick").await.status, 204);
}

/// Whether so many handlers hold the gate.
fn app_is_full(gate: &Gate, handlers: usize) -> bool {
    Arc::strong_count(&gate.0) >= handlers + 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_of_one_address_leave_places_for_others() {
    let (Some(world), gate) = (world(), Gate::default()) else { return };
    let app = load(behind_proxy(world).with("LIMITS__RUNNING_HANDLERS", "128"), &gate).await;
    let quick = async |address: &str| send(app.anonymous().request(Method::GET, "/quick").header("x-forwarded-for", address)).await;
    let mut slow = Vec::new();
    // More than the half: a quick one in between may have the place of one of them.
    for _ in 0..80 {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let head = "POST /notes HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 203.0.113.9\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let until = async |status: u16| {
        let asking = async { while quick("203.0.113.9").await.status != status {} };
        assert!(tokio::time::timeout(Duration::from_secs(25), asking).await.is_ok(), "{status} comes");
    };
    until(503).await;
    is_refused_for_now(&quick("203.0.113.9").await);
    assert_eq!(quick("198.51.100.1").await.status, 204);
    drop(slow);
    until(204).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_gives_the_place_back() {
    let (Some(world), gate) = (world(), Gate::default()) else { return };
    let app = load(world.with("LIMITS__RUNNING_HANDLERS", "1"), &gate).await;
    let anonymous = app.anonymous();
    let waiting = tokio::spawn(async move { anonymous.get("/wait").await.status });
    gate.0.began.notified().await;
    is_refused_for_now(&app.anonymous().get("/quick").await);
    waiting.abort();
    eventually(|| gate.0.dropped.load(Ordering::SeqCst) == 1).await;
    assert_eq!(app.anonymous().get("/quick").await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_takes_too_long_is_dropped() {
    let (Some(world), gate) = (world(), Gate::default()) else { return };
    let app = load(world.with("LIMITS__HANDLER_SECONDS", "1"), &gate).await;
    let began = Instant::now();
    is_refused_for_now(&app.anonymous().get("/wait").await);
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(gate.0.dropped.load(Ordering::SeqCst), 1, "it doesn't run on");
    assert!(app.log().contains("the handler took too long"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_answered_as_one() {
    // Whichever time runs out first: it is the body that is late.
    for (body, handler) in [("1", "30"), ("30", "1"), ("1", "1")] {
        let Some(world) = world() else { return };
        let world = behind_proxy(world).with("LIMITS__BODY_SECONDS", body).with("LIMITS__HANDLER_SECONDS", handler);
        let app = load(world, &Gate::default()).await;
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let head = "POST /notes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"te";
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{body} {handler}: {answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_head_is_refused_for_looks_like_everything_else() {
    let (Some(world), gate) = (world(), Gate::default()) else { return };
    let app = load(world, &gate).await;
    let anonymous = app.anonymous();
    let long = anonymous.get(&format!("/quick?{}", "a".repeat(9000))).await;
    let large = send(anonymous.request(Method::GET, "/quick").header("x-large", "a".repeat(20_000))).await;
    let many = (0..150).fold(anonymous.request(Method::GET, "/quick"), |request, number| request.header(format!("x-{number}"), "a"));
    let other = send(anonymous.request(Method::GET, "/quick").header("host", "evil.example")).await;
    let method = anonymous.send(Method::from_bytes(b"BREW").unwrap(), "/quick").await;
    let trace = anonymous.send(Method::TRACE, "/quick").await;
    let answers = [(414, long), (431, large), (431, send(many).await), (405, method), (405, trace)];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        check_uniform(&answer);
    }
    assert!(matches!(other.status, 400 | 421), "{other:?}");
    check_uniform(&other);
    assert_eq!(anonymous.get("/quick").await.status, 204);
}
