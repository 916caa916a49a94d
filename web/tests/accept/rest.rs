//! An idle connection gives its buffers back between two requests: nothing of the conversation may be lost by that.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::client::{connect, is_closed, read_all, read_until};
use crate::service::{Running, plain_with, start};

const REST: Duration = Duration::from_millis(5);
/// Time enough to have come to rest.
const LONG: Duration = Duration::from_millis(30);
const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

async fn resting() -> Running {
    plain_with(|settings| settings.limits.rest = REST).await
}

async fn post(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin), text: &str) {
    let request = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(read_until(stream, text).await.starts_with("HTTP/1.1 200"), "{text}");
}

#[tokio::test]
async fn requests_are_answered_after_every_rest_plain_and_over_tls() {
    let (plain, secure) = (resting().await, start(|settings| settings.limits.rest = REST).await);
    let mut stream = TcpStream::connect(plain.address).await.unwrap();
    let mut tls = connect(secure.data.path(), secure.address, &["http/1.1"]).await;
    for number in 0..10 {
        post(&mut stream, &format!("plain {number};")).await;
        post(&mut tls, &format!("secret {number};")).await;
        if number % 2 == 0 {
            sleep(LONG).await;
        }
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_order_after_a_rest() {
    let running = resting().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..3 {
        let together: String = (0..20).map(|n| format!("POST /{n} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n<{n:02}>")).collect();
        stream.write_all(together.as_bytes()).await.unwrap();
        let answers = read_until(&mut stream, "<19>").await;
        let places: Vec<_> = (0..20).map(|n| answers.find(&format!("<{n:02}>")).expect("every answer is there")).collect();
        assert!(places.is_sorted(), "{places:?}");
        sleep(LONG).await;
    }
    assert_eq!(running.calls().len(), 60);
}

#[tokio::test]
async fn a_head_in_two_parts_with_a_rest_between_them_is_one_request() {
    let running = resting().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    sleep(LONG).await;
    let (first, second) = GET.split_at(10);
    stream.write_all(first).await.unwrap();
    sleep(LONG).await;
    stream.write_all(second).await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    assert_eq!(running.calls(), ["/hello", "/hello"]);
}

#[tokio::test]
async fn a_handler_a_body_and_an_answer_may_take_longer_than_a_rest() {
    let running = resting().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    running.service.began.notified().await;
    sleep(LONG).await;
    running.service.go_on.notify_one();
    read_until(&mut stream, "waited").await;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe").await.unwrap();
    sleep(LONG).await;
    stream.write_all(b"llo").await.unwrap();
    read_until(&mut stream, "hello").await;
    // The client takes nothing for a while: most of the answer waits in the server.
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut head = vec![0; 100];
    stream.read_exact(&mut head).await.unwrap();
    let mut rest = 0;
    for _ in 0..5 {
        sleep(LONG).await;
        rest += stream.read(&mut vec![0; 1 << 20]).await.unwrap();
    }
    stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\n[end]").await.unwrap();
    let last = read_all(&mut stream).await;
    assert!(last.ends_with("[end]"));
    let content = 100 + rest + last.len();
    assert!(content > 8 * 1024 * 1024, "{content} bytes came");
}

#[tokio::test]
async fn after_a_rest_the_times_for_the_wait_and_for_a_head_still_hold() {
    let running = plain_with(|settings| {
        settings.limits.rest = REST;
        settings.limits.header_read = LONG * 4;
        settings.limits.keep_alive = LONG * 8;
    })
    .await;
    for (begun, time) in [(&b""[..], LONG * 8), (b"GET / HT", LONG * 4)] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        read_until(&mut stream, "\r\n\r\n").await;
        let idle = Instant::now();
        sleep(LONG).await;
        stream.write_all(begun).await.unwrap();
        assert!(is_closed(&mut stream).await);
        assert!(idle.elapsed() >= time - REST * 2, "closed after {:?}", idle.elapsed());
    }
}

#[tokio::test]
async fn a_refused_head_and_another_protocol_come_after_a_rest_as_before() {
    let running = resting().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    post(&mut stream, "first").await;
    sleep(LONG).await;
    stream.write_all(b"GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst bytes").await.unwrap();
    assert!(read_until(&mut stream, "first bytes").await.starts_with("HTTP/1.1 101"));
    sleep(LONG).await;
    stream.write_all(b"more bytes").await.unwrap();
    read_until(&mut stream, "more bytes").await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    post(&mut stream, "first").await;
    sleep(LONG).await;
    stream.write_all(b"GET / HTTP/1.1\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_resting_client_is_told_of_the_end() {
    let running = start(|settings| settings.limits.rest = REST).await;
    let mut tls = connect(running.data.path(), running.address, &["http/1.1"]).await;
    post(&mut tls, "first").await;
    sleep(LONG).await;
    running.shutdown.begin();
    // An end without TLS's own farewell would be an error: it could be an attacker's.
    assert_eq!(read_all(&mut tls).await, "");
}
