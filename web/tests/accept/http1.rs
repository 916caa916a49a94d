use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{exchange, read_all, read_until};
use crate::service::{plain, plain_with};

/// Requests that two readers could understand differently, or that nobody understands, and what is answered. Behind each stands a second
/// request, which must never be processed.
const REFUSED: &[(&str, &str, u16)] = &[
    ("CL.TE", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE.CL", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n0\r\n\r\n", 400),
    ("TE.TE, two lines", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n", 400),
    (
        "TE.TE, the same twice",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("TE.TE, chunked not last", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    ("TE.TE, chunked twice", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE.TE, vertical tab", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("TE unknown", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    ("TE empty", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\r\n\r\n0\r\n\r\n", 400),
    ("TE quoted", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    ("TE with another coding", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("TE in HTTP/1.0", "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE, space before the colon", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE on a folded line", "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("CL with a sign", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\nhello", 400),
    ("CL list", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5,6\r\n\r\nhello", 400),
    ("CL list of the same", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5, 5\r\n\r\nhello", 400),
    ("CL hexadecimal", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0x5\r\n\r\nhello", 400),
    ("CL negative", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\nhello", 400),
    ("CL huge", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999999\r\n\r\nhello", 400),
    ("CL as large as can be", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 18446744073709551615\r\n\r\nhello", 400),
    ("CL with a space", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5 5\r\n\r\nhello", 400),
    ("CL empty", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\nhello", 400),
    ("CL of other digits", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: \u{ff15}\r\n\r\nhello", 400),
    ("two CL that differ", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", 400),
    ("two CL that don't", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello", 400),
    ("no Host", "GET / HTTP/1.1\r\naccept: */*\r\n\r\n", 400),
    ("two Hosts", "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400),
    ("line feeds only", "GET / HTTP/1.1\nhost: a\n\n", 400),
    ("one bare line feed", "GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", 400),
    ("end without CR", "GET / HTTP/1.1\r\nhost: a\r\n\n", 400),
    ("bare CR in a value", "GET / HTTP/1.1\r\nhost: a\r\nx: y\rz: w\r\n\r\n", 400),
    ("NUL in a value", "GET / HTTP/1.1\r\nhost: a\r\nx: y\0z\r\n\r\n", 400),
    ("NUL in a name", "GET / HTTP/1.1\r\nhost: a\r\nx\0: y\r\n\r\n", 400),
    ("NUL in the target", "GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("folded line", "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", 400),
    ("space before the first line", "GET / HTTP/1.1\r\n host: a\r\n\r\n", 400),
    ("no colon", "GET / HTTP/1.1\r\nhost: a\r\nnonsense\r\n\r\n", 400),
    ("empty name", "GET / HTTP/1.1\r\nhost: a\r\n: x\r\n\r\n", 400),
    ("space in the target", "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("two spaces", "GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("relative target", "GET path HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("user in the target", "GET http://u@a/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("bad port in the target", "GET http://a:x/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("no version", "GET /\r\n\r\n", 400),
    ("HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nhost: a\r\n\r\n", 505),
    ("HTTP/11", "GET / HTTP/11\r\nhost: a\r\n\r\n", 505),
    ("a TLS handshake", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}", 400),
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n", 501),
];

#[tokio::test]
async fn ambiguous_requests_are_refused_with_every_header_and_nothing_behind_them_is_processed() {
    let running = plain().await;
    for (name, request, status) in REFUSED {
        let answer = exchange(running.address, format!("{request}GET /second HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        for part in [
            "\r\nconnection: close\r\n",
            "\r\nx-content-type-options: nosniff\r\n",
            "content-type: application/problem+json\r\n",
            "\r\n\r\n{",
        ] {
            assert!(answer.contains(part), "{name}: {part:?} is not in {answer}");
        }
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
    }
    assert_eq!(running.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn unusual_but_clear_requests_are_answered() {
    let running = plain().await;
    let close = "connection: close\r\n";
    let clear = [
        format!("POST / HTTP/1.1\r\nhost: a\r\n{close}Transfer-Encoding:\tchunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nt: u\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: a\r\n{close}transfer-encoding: Chunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: a\r\n{close}content-length: 0005\r\n\r\nhello"),
        "POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
        format!("\r\nPOST http://a/ HTTP/1.1\r\nhost: a\r\n{close}content-length: 5\r\n\r\nhello"),
        format!("POST /%00%ff?a=b&c=%zz HTTP/1.1\r\nhost: a\r\n{close}x: \u{fc}\r\ncontent-length: 5\r\n\r\nhello"),
        format!("BREW / HTTP/1.1\r\nhost: a\r\n{close}content-length: 5\r\n\r\nhello"),
    ];
    for request in clear {
        let answer = exchange(running.address, &request).await;
        assert!(answer.contains(" 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{request}: {answer}");
    }
}

#[tokio::test]
async fn too_much_head_is_refused_by_what_is_too_long() {
    let running = plain().await;
    let get =
        |target: usize, headers: &str| format!("GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n", "x".repeat(target - 1));
    let lines = |number: usize| "x: y\r\n".repeat(number);
    let long = |bytes: usize| format!("x: {}\r\n", "y".repeat(bytes));
    let around = "host: a\r\nconnection: close\r\nx: \r\n\r\n".len();
    let expected = [
        (get(8192, ""), 200),
        (get(8193, ""), 414),
        (get(100_000, ""), 414),
        (get(1, &lines(98)), 200),
        (get(1, &lines(99)), 431),
        (get(1, &lines(5000)), 431),
        (get(1, &long(16_384 - around)), 200),
        (get(1, &long(16_385 - around)), 431),
        (get(1, &long(500_000)), 431),
        (get(8192, &long(16_384 - around)), 200),
    ];
    for (request, status) in expected {
        let answer = exchange(running.address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{} bytes, expected {status}: {answer}", request.len());
        assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn requests_of_one_connection_are_answered_in_order_up_to_a_refused_one() {
    let running = plain().await;
    let post = |body: &str| format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n";
    let pipelined = format!("{}{chunked}\r\n{}GET / HTTP/1.1\nhost: a\n\n{}", post("one"), post("three"), post("five"));
    let answer = exchange(running.address, pipelined).await;
    let order: Vec<_> = ["one", "two", "three", "HTTP/1.1 400 ", "malformed_request"].iter().map(|part| answer.find(part)).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{answer}");
    assert!(!answer.contains("five"), "{answer}");
    assert_eq!(running.calls().len(), 3);
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_taken_for_a_request() {
    let running = plain().await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let request = format!("POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{smuggled}", smuggled.len());
    let next = "GET /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = exchange(running.address, format!("{request}{next}")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(!running.calls().contains(&"/smuggled".to_owned()), "{:?}", running.calls());
}

#[tokio::test]
async fn broken_chunks_end_the_connection_and_nothing_behind_them_is_processed() {
    let running = plain().await;
    for body in [
        "5\r\nhelloX\r\n",
        "5\nhello\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        "ffffffffffffffffff\r\n",
        "5;a\nb\r\nhello\r\n",
        "0\r\n\n",
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n"
        );
        let answer = exchange(running.address, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{body:?}: {answer}");
    }
    assert!(running.calls().iter().all(|path| path == "/"), "{:?}", running.calls());
}

#[tokio::test]
async fn a_client_that_sends_on_still_gets_the_answer() {
    let running = plain().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let (size, chunk) = (10 * 1024 * 1024, vec![b'x'; 64 * 1024]);
    stream.write_all(format!("POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n").as_bytes()).await.unwrap();
    for _ in 0..size / chunk.len() {
        stream.write_all(&chunk).await.unwrap();
    }
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("too much"), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let running = plain().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    assert!(read_all(&mut stream).await.ends_with("\r\n\r\nhello"));
}

#[tokio::test]
async fn after_an_upgrade_bytes_pass_untouched() {
    let running = plain().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    let raw = b"POST / HTTP/1.1\nhost: a\n\n\0\xff\r\n\r\n";
    stream.write_all(raw).await.unwrap();
    let mut echo = vec![0; raw.len()];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(echo, raw);
    drop(stream);
    crate::client::eventually(|| running.counts.open() == 0).await;
}

#[tokio::test]
async fn incident_45_no_damaged_byte_gets_past_the_pipeline_s_headers() {
    let running = plain_with(|settings| settings.limits.header_read = Duration::from_millis(50)).await;
    let request: &[u8] = b"POST /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nX: \"y\"\r\n\r\nabc";
    let mut damaged = tokio::task::JoinSet::new();
    for at in 0..request.len() {
        for byte in [0, b'\n', b'\r', b' ', b':', b',', b'0', b'\t', 0x0b, 0x7f, 0x80, 0xff] {
            let mut bytes = request.to_vec();
            bytes[at] = byte;
            damaged.spawn(async move {
                let mut stream = TcpStream::connect(running.address).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                (read_all(&mut stream).await, bytes)
            });
        }
        while damaged.len() > 100 {
            let (answer, bytes) = damaged.join_next().await.unwrap().unwrap();
            let bare = !answer.is_empty() && !answer.contains("\r\nx-content-type-options: nosniff\r\n");
            assert!(!bare, "{:?} got {answer}", String::from_utf8_lossy(&bytes));
        }
    }
    let answer = exchange(running.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn the_service_learns_who_called() {
    let running = plain().await;
    let answer = exchange(running.address, "GET /peer HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains(&format!("tls: false, http2: false, local_port: {}", running.address.port())), "{answer}");
}
