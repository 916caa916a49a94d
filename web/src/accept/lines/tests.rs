use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};
use tokio_util::sync::CancellationToken;

use super::FieldLines;
use crate::Response;
use crate::accept::http1::Http1;
use crate::accept::limits::LimitsSettings;
use crate::accept::service::{Peer, Requests, Service};

/// Numbers its answers by a line, and gives back what it got, in the form that the path names.
#[derive(Default)]
struct Numbered(AtomicUsize);

impl Service for Numbered {
    async fn call(&self, request: Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        let (head, body) = request.into_parts();
        // An answer that is there before anybody asks for the body needs no `100 Continue`.
        let body = if head.uri.path() == "/unread" { Vec::new() } else { body.collect().await.unwrap().to_bytes().to_vec() };
        let response = match head.uri.path() {
            "/nothing" => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            "/chunked" => {
                let parts: Vec<_> = body.chunks(5).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect();
                Response::new(Body::from_stream(futures_util::stream::iter(parts)))
            }
            "/long" => Response::new(Body::from(LONG.repeat(1000))),
            _ => Response::new(Body::from(body)),
        };
        self.finish(response, Some(&head), peer, lines)
    }

    fn finish(&self, response: Response, _: Option<&request::Parts>, _: Peer, lines: Option<&mut FieldLines>) -> Response {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let lines = lines.unwrap();
        assert!(lines.as_bytes().is_empty(), "lines of another answer are left");
        lines.line(&LINE, &HeaderValue::from(number));
        response
    }
}

/// The bodies of the answers, one after the other, each of which has its own line and no other; and the number of interim answers.
fn read(mut bytes: &[u8], methods: &[Method]) -> (Vec<Vec<u8>>, usize) {
    let (mut bodies, mut interim) = (Vec::new(), 0);
    while !bytes.is_empty() {
        let mut room = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Response::new(&mut room);
        let length = head.parse(bytes).unwrap().unwrap();
        bytes = &bytes[length..];
        let values = |name: &str| {
            head.headers
                .iter()
                .filter(|header| header.name == name)
                .map(|header| String::from_utf8(header.value.to_vec()).unwrap())
                .collect::<Vec<_>>()
        };
        if head.code == Some(100) {
            assert!(head.headers.is_empty());
            interim += 1;
            continue;
        }
        assert_eq!(values(LINE.as_str()), [bodies.len().to_string()]);
        let mut body = Vec::new();
        if values("transfer-encoding") == ["chunked"] {
            loop {
                let (start, size) = httparse::parse_chunk_size(bytes).unwrap().unwrap();
                let size = usize::try_from(size).unwrap();
                body.extend_from_slice(&bytes[start..start + size]);
                bytes = &bytes[start + size + 2..];
                if size == 0 {
                    break;
                }
            }
        } else if methods.get(bodies.len()) != Some(&Method::HEAD)
            && let Some(length) = values("content-length").first()
        {
            let length = length.parse().unwrap();
            body.extend_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
        }
        bodies.push(body);
    }
    (bodies, interim)
}

/// Sends all of it at once, the last of which ends the connection, and reads what comes through a pipe of this size.
async fn converse(requests: &[u8], pipe: usize) -> Vec<u8> {
    let limits = Arc::new(LimitsSettings::default().limits().unwrap());
    let (client, server) = duplex(pipe);
    let peer = Peer { address: ([127, 0, 0, 1], 1).into(), tls: false, http2: false, local_port: 1 };
    let http1 = Http1::new(&limits);
    let asked = Requests { service: Arc::new(Numbered::default()), peer, limits, state: Arc::default() };
    let closing = CancellationToken::new();
    let client = async move {
        let (mut reader, mut writer) = split(client);
        let mut answers = Vec::new();
        let (sent, received) = tokio::join!(writer.write_all(requests), reader.read_to_end(&mut answers));
        sent.and(received).unwrap();
        answers
    };
    tokio::join!(http1.serve(server, asked, &closing), client).1
}

/// What hyper writes in front of a final answer, and the beginning of one, as content.
const LIKE_HEADS: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx-line: 7\r\n\r\n";
const LONG: &str = "HTTP/1.1 200 OK\r\n\r\n";
const LINE: HeaderName = HeaderName::from_static("x-line");

#[tokio::test]
async fn each_answer_gets_its_own_lines_however_few_bytes_the_client_takes() {
    let post = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: a\r\n{more}content-length: {}\r\n\r\n{LIKE_HEADS}", LIKE_HEADS.len())
    };
    let get = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    let requests = [
        (Method::GET, get("GET", "/nothing"), ""),
        (Method::HEAD, get("HEAD", "/long"), ""),
        (Method::HEAD, get("HEAD", "/nothing"), ""),
        (Method::POST, post("/", ""), LIKE_HEADS),
        (Method::POST, post("/", "expect: 100-continue\r\n"), LIKE_HEADS),
        (Method::POST, post("/chunked", "expect: 100-continue\r\n"), LIKE_HEADS),
        (Method::GET, get("GET", "/long"), &LONG.repeat(1000)),
        (Method::GET, get("GET", "/nothing"), ""),
        (Method::POST, post("/chunked", ""), LIKE_HEADS),
        (Method::GET, get("GET", "/long"), &LONG.repeat(1000)),
        (Method::GET, "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(), ""),
    ];
    let sent: String = requests.iter().map(|(_, request, _)| request.as_str()).collect();
    let methods: Vec<Method> = requests.iter().map(|(method, ..)| method.clone()).collect();
    let bodies: Vec<&[u8]> = requests.iter().map(|(.., body)| body.as_bytes()).collect();
    for pipe in [1, 2, 3, 7, 25, 26, 100, 1000, 5000, 100_000] {
        let answers = converse(sent.as_bytes(), pipe).await;
        let (read, interim) = read(&answers, &methods);
        assert_eq!(read, bodies, "{pipe}");
        assert_eq!(interim, 2, "{pipe}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_its_request_needs_no_interim_one() {
    let request = "POST /unread HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
    for pipe in [1, 10, 1000] {
        let (bodies, interim) = read(&converse(request.as_bytes(), pipe).await, &[Method::POST]);
        assert_eq!((bodies, interim), (vec![Vec::new()], 0));
    }
}

#[tokio::test]
async fn many_answers_that_nobody_takes_wait_with_their_lines() {
    let requests =
        format!("{}HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HEAD /nothing HTTP/1.1\r\nhost: a\r\n\r\n".repeat(499));
    let (bodies, _) = read(&converse(requests.as_bytes(), 10).await, &vec![Method::HEAD; 500]);
    assert_eq!(bodies.len(), 500);
}
