//! Clients whose bodies take much memory or work for what they are, and what the service has left for others.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::audit_flood::sign_in;
use crate::plain::Plain;

const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const SOMEBODY_ELSE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
const NO_LIMITS: [(&str, &str); 3] = [("RATE_LIMIT__DEFAULT", "off"), ("RATE_LIMIT__CREDENTIALS", "off"), ("RATE_LIMIT__PRINCIPAL", "off")];
const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
/// Bodies that come at the same time.
const BODIES: usize = 30;
/// What one address's eighth of 64 MiB may take: the buffers, their former halves, and what each connection reads ahead.
const MOST_GROWTH_KIB: u64 = 32 * 1024;

async fn send_head(service: &Plain, request: &str, headers: &str) -> TcpStream {
    let mut stream = service.connect(STRANGER).await;
    let head = format!("{request} HTTP/1.1\r\nHost: localhost:8443\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Sends one-byte chunks until the service has had enough: the head of its answer.
async fn send_tiny_chunks(service: &Plain, request: &str, headers: &str) -> String {
    let (mut reader, mut writer) = send_head(service, request, headers).await.into_split();
    let chunks = "1\r\nx\r\n".repeat(100_000);
    let write = async { drop(writer.write_all(chunks.as_bytes()).await) };
    let read = async {
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::join!(write, read).1
}

/// Sends nearly a megabyte and leaves the end of the body out.
async fn send_most(service: &Plain, request: &str, headers: &str) -> TcpStream {
    let mut stream = send_head(service, request, headers).await;
    let chunks = format!("1000\r\n{}\r\n", " ".repeat(4096)).repeat(225);
    let _ = stream.write_all(chunks.as_bytes()).await;
    stream
}

async fn until(service: &Plain, sample: &str, least: f64) {
    let waiting = async {
        while service.metric(sample).await < least {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "{sample} reaches {least}");
}

#[tokio::test]
async fn bodies_in_tiny_chunks_take_little_memory() {
    let service = Plain::start(&NO_LIMITS, Stdio::null());
    let (_, token) = sign_in(&service).await;
    let signed_in = format!("{JSON}Authorization: Bearer {token}\r\n");
    let before = service.resident();
    for (request, headers) in [("POST /token", FORM), ("POST /users", JSON), ("PATCH /users/me", signed_in.as_str())] {
        let sent = (0..BODIES).map(|_| send_tiny_chunks(&service, request, headers));
        for answer in futures_util::future::join_all(sent).await {
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("too_many_chunks"), "{request}: {answer}");
        }
    }
    let grown = service.resident().saturating_sub(before);
    assert!(grown < MOST_GROWTH_KIB, "resident memory grew by {grown} KiB");
    assert_eq!(service.metric("portcullis_request_body_bytes_buffered ").await, 0.0);
}

#[tokio::test]
async fn one_address_fills_its_share_of_buffered_bodies_and_no_more() {
    // On a busy machine none of the bodies may end by its time.
    let patience = [("LIMITS__BODY_SECONDS", "600"), ("LIMITS__HANDLER_SECONDS", "600")];
    let service = Plain::start(&[NO_LIMITS.as_slice(), patience.as_slice()].concat(), Stdio::null());
    let (_, token) = sign_in(&service).await;
    let headers = format!("{JSON}Authorization: Bearer {token}\r\n");
    let before = service.resident();
    let mut held = Vec::new();
    for _ in 0..BODIES {
        held.push(send_most(&service, "PATCH /users/me", &headers).await);
    }
    // A buffer of nearly a megabyte has room for one: eight of them are an eighth of 64 MiB.
    until(&service, "portcullis_request_bodies_refused_total ", (BODIES - 8) as f64).await;
    let buffered = service.metric("portcullis_request_body_bytes_buffered ").await;
    assert!(buffered <= f64::from(8 * 1024 * 1024), "{buffered}");
    let grown = service.resident().saturating_sub(before);
    assert!(grown < MOST_GROWTH_KIB, "resident memory grew by {grown} KiB");

    let mut refused = Vec::new();
    // Only those that are refused hear anything.
    let (_, heard, _) = futures_util::future::select_all(held.iter().map(|stream| Box::pin(stream.readable()))).await;
    held.swap_remove(heard).read_to_end(&mut refused).await.unwrap();
    let refused = String::from_utf8(refused).unwrap().to_lowercase();
    assert!(refused.starts_with("http/1.1 503") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    let change = format!(r#"{{"email":null{}}}"#, " ".repeat(500_000));
    let (status, answer) = service.ask(STRANGER, "PATCH", "/users/me", &headers, &change).await;
    assert_eq!(status, 503, "{answer}");
    let (status, answer) = service.ask(SOMEBODY_ELSE, "PATCH", "/users/me", &headers, &change).await;
    assert_eq!(status, 200, "{answer}");
    drop(held);
    let waiting = async {
        while service.metric("portcullis_request_body_bytes_buffered ").await > 0.0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "what was held is given back");
    let (status, answer) = service.ask(STRANGER, "PATCH", "/users/me", &headers, &change).await;
    assert_eq!(status, 200, "{answer}");
}

/// Processor time, in ticks, of refusing this e-mail address so often.
async fn cost(service: &Plain, request: (&str, &str), headers: &str, (times, email): (usize, &str)) -> u64 {
    let (method, path) = request;
    let name = if path == "/users" { r#""username":"ann2","password":"correct horse battery staple","# } else { "" };
    let body = format!(r#"{{{name}"email":"{email}"}}"#);
    let before = service.cpu();
    for _ in 0..times {
        let (status, answer) = service.ask(STRANGER, method, path, headers, &body).await;
        assert!(status == 422 || status == 413, "{status}: {answer}");
    }
    service.cpu() - before
}

#[tokio::test]
async fn an_address_that_is_too_long_costs_no_more_than_others_that_are_refused() {
    let service = Plain::start(&NO_LIMITS, Stdio::null());
    let (_, token) = sign_in(&service).await;
    let signed_in = format!("{JSON}Authorization: Bearer {token}\r\n");
    // Each of these characters becomes eighteen by normalization, each of which it has to look up.
    let (short, long) = ("\u{fdfa}".repeat(2500), "\u{fdfa}".repeat(349_000));
    let ascii = "x".repeat(long.len());
    let mut ratios = Vec::new();
    for (request, headers, times, costly, ordinary) in [
        (("POST", "/users"), JSON, 200, short.as_str(), "x"),
        (("POST", "/users"), JSON, 200, long.as_str(), "x"),
        (("PATCH", "/users/me"), signed_in.as_str(), 20, long.as_str(), ascii.as_str()),
    ] {
        let ordinary = cost(&service, request, headers, (times, ordinary)).await;
        let costly = cost(&service, request, headers, (times, costly)).await;
        // A tick is ten milliseconds: a few more or less say nothing.
        ratios.push((costly + 5, ordinary + 5, request));
    }
    for (costly, ordinary, request) in ratios {
        assert!(costly < 4 * ordinary, "{request:?}: {costly} ticks, {ordinary} for ordinary ones");
    }
}
