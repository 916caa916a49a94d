//! Connections whose requests are refused again and again.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{exchange, read_all, read_until};
use crate::frames::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, get};
use crate::service::{plain_with, start};

const REFUSED: &str = "GET /excess HTTP/1.1\r\nhost: a\r\n\r\n";
const SERVED: &str = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn an_http_1_connection_is_closed_with_the_last_refusal_it_may_have() {
    let running = plain_with(|settings| settings.limits.refusals_per_connection = 5).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    // What is served in between changes nothing.
    for _ in 0..4 {
        stream.write_all(REFUSED.as_bytes()).await.unwrap();
        assert!(!read_until(&mut stream, "too many").await.contains("connection: close"));
        stream.write_all(SERVED.as_bytes()).await.unwrap();
        read_until(&mut stream, "200 OK").await;
    }
    stream.write_all(REFUSED.as_bytes()).await.unwrap();
    let last = read_all(&mut stream).await;
    assert!(last.starts_with("HTTP/1.1 429") && last.contains("connection: close"), "{last}");
    assert_eq!(running.calls().iter().filter(|path| *path == "/excess").count(), 5);
    let other = exchange(running.address, "GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(other.starts_with("HTTP/1.1 200"), "other connections are served");
}

#[tokio::test]
async fn a_pipeline_of_refused_requests_ends_at_the_limit() {
    let running = plain_with(|settings| settings.limits.refusals_per_connection = 5).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(REFUSED.repeat(6).as_bytes()).await.unwrap();
    let answers = read_all(&mut stream).await;
    assert_eq!((answers.matches("HTTP/1.1 429").count(), running.calls().len()), (5, 5));
}

#[tokio::test]
async fn an_http_2_connection_gets_a_goodbye_and_is_closed_whatever_it_goes_on_to_ask() {
    let running = start(|settings| settings.limits.refusals_per_connection = 5).await;
    let mut frames = Frames::open(&running).await;
    for number in 0..5 {
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * number, &get("/excess")).await;
    }
    // A client that answers no ping keeps an orderly end waiting: not this one.
    frames.send(HEADERS, END_HEADERS | END_STREAM, 11, &get("/wait")).await;
    assert_eq!(frames.goodbye().await, 0, "NO_ERROR");
    let mut other = Frames::open(&running).await;
    other.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/peer")).await;
    other.next_of(DATA).await;
}

#[tokio::test]
async fn a_connection_below_the_limit_stays_open() {
    let running = start(|settings| settings.limits.refusals_per_connection = 5).await;
    let mut frames = Frames::open(&running).await;
    for number in 0..4 {
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * number, &get("/excess")).await;
        frames.next_of(DATA).await;
    }
    frames.send(HEADERS, END_HEADERS | END_STREAM, 9, &get("/peer")).await;
    assert_eq!(frames.next_of(DATA).await.stream, 9);
}
