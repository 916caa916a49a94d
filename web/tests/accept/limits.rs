//! Limits of time and number. Where a wait is part of a test, it is the time-out under test.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use crate::client::{connect, eventually, exchange, is_closed, read_all, read_until};
use crate::service::{Running, plain, plain_with, start};

const SHORT: Duration = Duration::from_millis(100);
const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
const LAST: &[u8] = b"GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed() {
    let running = plain_with(|settings| settings.limits.header_read = SHORT).await;
    let began = Instant::now();
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert!(is_closed(&mut stream).await);
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_half_sent_head_is_closed_however_slowly_it_goes_on() {
    let running = plain_with(|settings| settings.limits.header_read = SHORT).await;
    for first in [true, false] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        if !first {
            stream.write_all(GET).await.unwrap();
            read_until(&mut stream, "\r\n\r\n").await;
        }
        let (mut reader, mut writer) = stream.into_split();
        let began = Instant::now();
        let dribble = async {
            let mut ticks = interval(SHORT / 10);
            writer.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx: ").await.unwrap();
            while writer.write_all(b"y").await.is_ok() {
                ticks.tick().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = dribble => {}
            closed = is_closed(&mut reader) => assert!(closed),
        }
        assert!(began.elapsed() >= SHORT && began.elapsed() < SHORT * 20);
    }
    assert_eq!(running.calls(), ["/hello"]);
}

#[tokio::test]
async fn empty_lines_that_never_end_win_no_time() {
    let running = plain_with(|settings| settings.limits.header_read = SHORT).await;
    for first in [true, false] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        if !first {
            stream.write_all(GET).await.unwrap();
            read_until(&mut stream, "\r\n\r\n").await;
        }
        let (mut reader, mut writer) = stream.into_split();
        let dribble = async {
            let mut ticks = interval(SHORT / 10);
            writer.write_all(b"\r").await.unwrap();
            // Each ends one empty line and begins the next.
            while writer.write_all(b"\n\r").await.is_ok() {
                ticks.tick().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = dribble => {}
            closed = tokio::time::timeout(SHORT * 20, is_closed(&mut reader)) => assert_eq!(closed, Ok(true), "first: {first}"),
        }
    }
    assert_eq!(running.calls(), ["/hello"]);
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_head_may_take_but_not_for_ever() {
    let change = |settings: &mut portcullis_web::accept::ServerSettings| {
        settings.limits.header_read = SHORT;
        settings.limits.keep_alive = SHORT * 4;
    };
    let running = plain_with(change).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    let idle = Instant::now();
    assert!(is_closed(&mut stream).await);
    assert!(idle.elapsed() >= SHORT * 3, "closed after {:?}", idle.elapsed());
}

#[tokio::test]
async fn the_time_for_a_head_does_not_bound_the_body_or_the_handler() {
    let running = plain_with(|settings| settings.limits.header_read = SHORT).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n").await.unwrap();
    tokio::time::sleep(SHORT * 2).await;
    stream.write_all(b"hello").await.unwrap();
    read_until(&mut stream, "hello").await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    running.service.began.notified().await;
    tokio::time::sleep(SHORT * 2).await;
    running.service.go_on.notify_one();
    assert!(read_all(&mut stream).await.ends_with("waited"));
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_closed() {
    let running = start(|settings| settings.limits.tls_handshake = SHORT).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut half = TcpStream::connect(running.address).await.unwrap();
    half.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert!(is_closed(&mut half).await);
    assert_eq!(running.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_not_answered() {
    let running = start(|_| {}).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    assert_eq!(running.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_takes_no_bytes_is_given_up() {
    let running = plain_with(|settings| settings.limits.write_stall = SHORT).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    eventually(|| running.counts.accepted() == 1).await;
    eventually(|| running.counts.open() == 0).await;
}

#[tokio::test]
async fn surplus_connections_of_one_address_are_closed_before_tls() {
    let running = start(|settings| settings.limits.connections_from_loopback = 2).await;
    let first = connect(running.data.path(), running.address, &["http/1.1"]).await;
    let _second = connect(running.data.path(), running.address, &["http/1.1"]).await;
    let mut surplus = TcpStream::connect(running.address).await.unwrap();
    assert!(is_closed(&mut surplus).await);
    assert_eq!((running.counts.open(), running.counts.refused()), (2, 1));

    drop(first);
    eventually(|| running.counts.open() == 1).await;
    connect(running.data.path(), running.address, &["http/1.1"]).await;
}

#[tokio::test]
async fn surplus_connections_in_total_are_closed_and_the_service_goes_on() {
    let running = plain_with(|settings| settings.limits.connections = 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        read_until(&mut stream, "\r\n\r\n").await;
        held.push(stream);
    }
    assert!(is_closed(&mut TcpStream::connect(running.address).await.unwrap()).await);
    drop(held);
    eventually(|| running.counts.open() == 0).await;
    assert!(exchange(running.address, LAST).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn probes_are_answered_while_every_connection_is_taken() {
    let running = plain_with(|settings| settings.limits.connections = 1).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    assert!(exchange(running.management, LAST).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_client_leaves() {
    let running = plain().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    running.service.began.notified().await;
    drop(stream);
    running.service.cancelled.notified().await;
    eventually(|| running.counts.open() == 0).await;
}

#[tokio::test]
async fn a_thousand_half_open_connections_are_closed_and_the_service_goes_on() {
    let running = plain_with(few_and_short).await;
    half_open(&running, b"GET / HTTP/1.1\r\nhost: ").await;
    assert!(exchange(running.address, LAST).await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(running.calls(), ["/hello"]);
}

#[tokio::test]
async fn a_thousand_half_open_handshakes_are_closed_and_the_service_goes_on() {
    let running = start(few_and_short).await;
    half_open(&running, b"\x16\x03\x01\x02\x00\x01").await;
    connect(running.data.path(), running.address, &["http/1.1"]).await;
    assert_eq!(running.calls(), Vec::<String>::new());
}

fn few_and_short(settings: &mut portcullis_web::accept::ServerSettings) {
    settings.limits.header_read = SHORT * 10;
    settings.limits.tls_handshake = SHORT * 10;
    settings.limits.connections = 300;
}

/// Opens a thousand connections, of which every other one begins to speak, and waits until all are closed.
async fn half_open(running: &Running, beginning: &[u8]) {
    let (mut held, began) = (Vec::new(), Instant::now());
    for number in 0..1000 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        if number % 2 == 0 {
            // A surplus one may be closed already.
            let _ = stream.write_all(beginning).await;
        }
        held.push(stream);
        assert!(running.counts.open() <= 300, "the cap holds");
    }
    eventually(|| running.counts.open() == 0).await;
    assert!(began.elapsed() >= SHORT * 10, "they were closed by the time-outs");
    assert_eq!(running.counts.accepted() + running.counts.refused(), 1000);
    assert!(running.counts.refused() > 0);
}
