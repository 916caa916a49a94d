//! Answers that a client takes too slowly over HTTP/1.1, and those that it takes slowly enough.

use std::time::Duration;

use portcullis_web::accept::ServerSettings;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{interval, sleep, timeout};

use crate::client::{PATIENCE, connect_over, eventually, read_until, tls_client};
use crate::service::{MEDIUM, Running, plain_with, start};

/// The window of clients that are too slow: the shorter, the sooner a test is over.
const SHORT: Duration = Duration::from_millis(300);
/// The window of clients that are slow enough: longer than a loaded machine may keep one of them from its turn.
const LONG: Duration = Duration::from_secs(2);

fn window(window: Duration, bytes_per_second: u32) -> impl FnOnce(&mut ServerSettings) {
    move |settings| {
        settings.limits.write_stall = window;
        settings.limits.answer_bytes_per_second = bytes_per_second;
    }
}

/// A connection whose receiver buffers as little as the system lets it.
async fn narrow(running: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(running.address).await.unwrap()
}

async fn ask(stream: &mut (impl AsyncWrite + Unpin), target: &str) {
    stream.write_all(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads a byte now and then, until the server gives up.
async fn trickle(stream: &mut (impl AsyncRead + Unpin), running: &Running) {
    let reading = async {
        let mut ticks = interval(SHORT / 10);
        let mut byte = [0];
        while stream.read(&mut byte).await.is_ok_and(|length| length > 0) {
            ticks.tick().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = reading => {}
        () = eventually(|| running.counts.open() == 0) => {}
    }
}

#[tokio::test]
async fn a_byte_now_and_then_is_too_slow() {
    let running = plain_with(window(SHORT, 16 * 1024)).await;
    let mut stream = narrow(&running).await;
    ask(&mut stream, "/large").await;
    eventually(|| running.counts.accepted() == 1).await;
    trickle(&mut stream, &running).await;
}

#[tokio::test]
async fn a_byte_now_and_then_is_too_slow_over_tls_and_for_answers_that_wait_behind_others() {
    let running = start(window(SHORT, 16 * 1024)).await;
    let configuration = tls_client(running.data.path(), rustls::ALL_VERSIONS, &["http/1.1"]);
    let mut stream = connect_over(narrow(&running).await, configuration, "localhost").await.unwrap();
    for _ in 0..40 {
        ask(&mut stream, "/medium").await;
    }
    trickle(&mut stream, &running).await;
}

#[tokio::test]
async fn a_slow_client_that_keeps_the_rate_gets_its_whole_answer() {
    let running = plain_with(window(LONG, 16 * 1024)).await;
    let mut stream = narrow(&running).await;
    ask(&mut stream, "/medium").await;
    let head = read_until(&mut stream, "\r\n\r\n").await;
    let mut left = MEDIUM - (head.len() - head.find("\r\n\r\n").unwrap() - 4);
    let mut part = vec![0; 32 * 1024];
    // Twice as long as the window in all, at a few times the least rate.
    while left > 0 {
        let most = left.min(part.len());
        timeout(PATIENCE, stream.read_exact(&mut part[..most])).await.unwrap().unwrap();
        left -= most;
        sleep(LONG / 4).await;
    }
    ask(&mut stream, "/hello").await;
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200"), "the connection goes on");
}

#[tokio::test]
async fn an_answer_that_has_nothing_to_say_may_be_silent() {
    let running = plain_with(window(SHORT, 1024 * 1024)).await;
    let mut stream = narrow(&running).await;
    ask(&mut stream, &format!("/silent?{}", SHORT.as_millis() * 4)).await;
    assert!(read_until(&mut stream, "last").await.contains("first "));
}

#[tokio::test]
async fn an_upgraded_connection_may_be_silent_but_must_take_what_is_written() {
    let running = plain_with(window(SHORT, 16 * 1024)).await;
    let mut stream = narrow(&running).await;
    stream.write_all(b"GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    for _ in 0..2 {
        sleep(SHORT * 3).await;
        stream.write_all(b"still here").await.unwrap();
        read_until(&mut stream, "still here").await;
    }
    // What comes back is never read, so at some time it can't be sent.
    let flood = async { while stream.write_all(&[b'x'; 64 * 1024]).await.is_ok() {} };
    timeout(PATIENCE, flood).await.expect("the server closes");
    eventually(|| running.counts.open() == 0).await;
}

#[tokio::test]
async fn the_other_listeners_give_up_a_slow_client_too() {
    let running = plain_with(window(SHORT, 16 * 1024)).await;
    for (address, request) in [
        (running.management, "GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned()),
        // Redirects are short: it takes many of them that nobody reads.
        (running.http, format!("GET /{} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n\r\n", "a".repeat(8000)).repeat(1000)),
    ] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let (mut reader, mut writer) = socket.connect(address).await.unwrap().into_split();
        let writing = tokio::spawn(async move { writer.write_all(request.as_bytes()).await.map(|()| writer) });
        // A reset ends the writing, or shows behind the bytes that were buffered.
        sleep(SHORT * 3).await;
        let mut received = Vec::new();
        let end = timeout(PATIENCE, reader.read_to_end(&mut received)).await.expect("the server has closed");
        assert!(end.is_err() || received.len() < 8 * 1024 * 1024, "{} bytes of an answer that was to be given up", received.len());
        writing.abort();
    }
}
