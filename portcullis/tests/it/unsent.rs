//! Answers that clients don't take are bounded in memory, in total and for each address.

use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::prelude::*;
use portcullis::web::{Body, Response};
use portcullis_testing::{Answer, TestApp, World, check_uniform};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::raw::eventually;
use crate::support::{Believer, Nobody, behind_proxy, caller, send, start};

const MEBIBYTE: usize = 1024 * 1024;
/// What one anonymous address may leave untaken: three quarters of an eighth.
const SHARE: usize = 12 * MEBIBYTE;
const LARGE: usize = 4 * MEBIBYTE;

/// Bytes of answers that are in memory.
static ALIVE: AtomicUsize = AtomicUsize::new(0);
static MOST_ALIVE: AtomicUsize = AtomicUsize::new(0);

struct Counted(Vec<u8>);

impl Counted {
    fn new() -> Self {
        let alive = ALIVE.fetch_add(LARGE, Ordering::SeqCst) + LARGE;
        MOST_ALIVE.fetch_max(alive, Ordering::SeqCst);
        Self(vec![b'x'; LARGE])
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(LARGE, Ordering::SeqCst);
    }
}

async fn unsent(world: World) -> TestApp {
    let router = axum::Router::new()
        .route("/raw/large", axum::routing::any(|| async { Response::new(Body::from(axum::body::Bytes::from_owner(Counted::new()))) }))
        .route("/raw/short", axum::routing::any(|| async { "short" }));
    let app = App::new("Unsent").module::<Nobody>(Believer);
    let app = app.dangerous_mount_axum("/raw", Public("a test").guard(), router, "answers of any length");
    start(app, behind_proxy(world).with("LIMITS__UNSENT_ANSWER_BYTES", &(128 * MEBIBYTE).to_string())).await
}

on_one!(unsent =>
    an_address_that_takes_nothing_gets_nothing_more_and_others_go_on
);

/// Asks for a long answer, and takes nothing of it.
async fn leave(app: &TestApp, method: &str, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(app.address()).await.unwrap();
    let head = format!("{method} /raw/large HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {address}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn short(app: &TestApp, address: &str) -> Answer {
    send(app.anonymous().request(http::Method::GET, "/raw/short").header("x-forwarded-for", address)).await
}

/// What the metric says.
async fn unsent_bytes(app: &TestApp) -> usize {
    let (_, metrics) = app.management("/metrics").await;
    let line = metrics.lines().find_map(|line| line.strip_prefix("portcullis_answer_bytes_unsent ")).unwrap().to_owned();
    line.parse().unwrap()
}

async fn an_address_that_takes_nothing_gets_nothing_more_and_others_go_on(app: TestApp) {
    let mut stalled = Vec::new();
    for held in 1..=3 {
        stalled.push(leave(&app, "GET", "203.0.113.9").await);
        eventually(|| ALIVE.load(Ordering::SeqCst) == held * LARGE).await;
    }
    while unsent_bytes(&app).await < SHARE {
        tokio::task::yield_now().await;
    }
    // Many at once: whoever is late gets no answer that has to be kept.
    for _ in 0..50 {
        stalled.push(leave(&app, "GET", "203.0.113.9").await);
    }
    let refused = short(&app, "203.0.113.9").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    check_uniform(&refused);
    let posted = send(app.anonymous().request(http::Method::POST, "/raw/short").header("x-forwarded-for", "203.0.113.9")).await;
    assert_eq!(posted.status, 503, "new work of any kind");

    assert_eq!(short(&app, "203.0.113.10").await.text(), "short", "an innocent address");
    let large = send(app.anonymous().request(http::Method::GET, "/raw/large").header("x-forwarded-for", "203.0.113.10")).await;
    assert_eq!((large.status, large.body.len()), (200, LARGE));
    let signed_in =
        send(caller(&app, "cleo/clerk").request(http::Method::GET, "/raw/short").header("x-forwarded-for", "203.0.113.9")).await;
    assert_eq!(signed_in.text(), "short", "a part is reserved for signed-in callers");
    let most = MOST_ALIVE.load(Ordering::SeqCst);
    assert!(most <= SHARE + 2 * LARGE, "{most} bytes of answers were in memory at once");

    drop(stalled);
    eventually(|| ALIVE.load(Ordering::SeqCst) == 0).await;
    assert_eq!((short(&app, "203.0.113.9").await.text().as_str(), unsent_bytes(&app).await), ("short", 0), "room again");
}
