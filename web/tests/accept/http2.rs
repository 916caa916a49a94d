//! HTTP/2: what it needs to be used, and what it must withstand.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use crate::client::{PATIENCE, connect, eventually};
use crate::frames::{
    CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frames, GOAWAY, HEADERS, PING, PRIORITY, PROTOCOL_ERROR,
    REFUSED_STREAM, RST_STREAM, SETTINGS, WINDOW_UPDATE, get, header, pseudo,
};
use crate::service::{Running, start};

const SHORT: Duration = Duration::from_millis(200);

/// A client that keeps to the rules.
pub(crate) async fn client(running: &Running) -> SendRequest<Bytes> {
    let stream = connect(running.data.path(), running.address, &["h2"]).await;
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client.ready().await.unwrap()
}

async fn send(
    client: &mut SendRequest<Bytes>,
    request: Request<()>,
    body: Option<&'static [u8]>,
) -> Result<(StatusCode, Vec<u8>), h2::Error> {
    let (response, mut sender) = client.send_request(request, body.is_none())?;
    if let Some(body) = body {
        sender.send_data(Bytes::from_static(body), true)?;
    }
    let response: Response<h2::RecvStream> = timeout(PATIENCE, response).await.expect("an answer")?;
    let (parts, mut incoming) = response.into_parts();
    assert_eq!(parts.headers["x-content-type-options"], "nosniff");
    let mut content = Vec::new();
    while let Some(chunk) = timeout(PATIENCE, incoming.data()).await.expect("the content") {
        let chunk = chunk?;
        incoming.flow_control().release_capacity(chunk.len())?;
        content.extend_from_slice(&chunk);
    }
    Ok((parts.status, content))
}

pub(crate) fn request(method: Method, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("https://localhost{path}")).body(()).unwrap()
}

/// Whether a new connection is served: whatever happened before.
async fn goes_on(running: &Running) {
    let mut client = client(running).await;
    let answer = send(&mut client, request(Method::POST, "/still/there"), Some(b"hello")).await.unwrap();
    assert_eq!(answer, (StatusCode::OK, b"hello".to_vec()));
}

#[tokio::test]
async fn a_drain_that_is_over_cuts_every_stream_with_its_connection() {
    let running = start(|settings| settings.limits.shutdown_drain = Duration::from_millis(50)).await;
    let mut client = client(&running).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(client.send_request(request(Method::GET, "/wait"), true).unwrap().0);
        running.service.began.notified().await;
    }
    running.shutdown.begin();
    let drained = timeout(PATIENCE, running.serving).await.unwrap().unwrap();
    assert_eq!(drained.cut, 4, "the connection and its streams");
    // The three handlers tell by one permit at the most: that none is left, their owner tells.
    timeout(PATIENCE, running.service.cancelled.notified()).await.unwrap();
    eventually(|| std::sync::Arc::strong_count(&running.service) == 1).await;
    for answer in waiting {
        assert!(timeout(PATIENCE, answer).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn requests_are_answered_side_by_side() {
    let running = start(|_| {}).await;
    let mut client = client(&running).await;
    let (slow, _) = client.send_request(request(Method::GET, "/wait"), true).unwrap();
    running.service.began.notified().await;
    assert_eq!(send(&mut client, request(Method::POST, "/"), Some(b"hello")).await.unwrap(), (StatusCode::OK, b"hello".to_vec()));
    let (_, peer) = send(&mut client, request(Method::GET, "/peer"), None).await.unwrap();
    assert!(String::from_utf8(peer).unwrap().contains("http2: true"));
    running.service.go_on.notify_one();
    assert_eq!(timeout(PATIENCE, slow).await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_limits_are_announced() {
    let running = start(|_| {}).await;
    let mut frames = Frames::open(&running).await;
    let settings = frames.next_of(SETTINGS).await;
    let setting = |id: u8| {
        let pair = settings.payload.chunks(6).find(|pair| pair[..2] == [0, id]);
        pair.map(|pair| u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]))
    };
    assert_eq!(setting(3), Some(100), "concurrent streams");
    assert_eq!(setting(6), Some(16 * 1024 + 8 * 1024 + 32 * 1024), "header list");
    assert_eq!(setting(2).unwrap_or(0), 0, "nothing is pushed");
}

#[tokio::test]
async fn heads_are_bounded_and_answered() {
    let running = start(|_| {}).await;
    let mut client = client(&running).await;
    let with = |value: usize| {
        let mut request = request(Method::GET, "/");
        request.headers_mut().insert("x-large", "a".repeat(value).parse().unwrap());
        request
    };
    assert_eq!(send(&mut client, with(8000), None).await.unwrap().0, StatusCode::OK);
    assert_eq!(send(&mut client, with(17_000), None).await.unwrap().0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let mut many = request(Method::GET, "/");
    for number in 0..101 {
        many.headers_mut().insert(http::HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap(), "a".parse().unwrap());
    }
    assert_eq!(send(&mut client, many, None).await.unwrap().0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let long = request(Method::GET, &format!("/{}", "a".repeat(8192)));
    assert_eq!(send(&mut client, long, None).await.unwrap().0, StatusCode::URI_TOO_LONG);
    assert_eq!(running.calls(), ["/"], "only what is within the limits is called");
    assert_eq!(send(&mut client, request(Method::POST, "/"), Some(b"x")).await.unwrap().0, StatusCode::OK, "the connection goes on");
}

#[tokio::test]
async fn surplus_streams_are_refused() {
    let running = start(|settings| settings.limits.http2_streams = 10).await;
    let mut frames = Frames::open(&running).await;
    for number in 0..15 {
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1 + number * 2, &get("/wait")).await;
    }
    for _ in 0..5 {
        let refused = frames.next_of(RST_STREAM).await;
        assert!(refused.stream > 19, "{refused:?}");
        assert_eq!(refused.code(), REFUSED_STREAM);
    }
    eventually(|| running.calls().len() == 10).await;
    goes_on(&running).await;
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_stream_is_reset() {
    let running = start(|_| {}).await;
    let mut frames = Frames::open(&running).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/wait")).await;
    running.service.began.notified().await;
    frames.send(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()).await;
    timeout(PATIENCE, running.service.cancelled.notified()).await.expect("the handler is dropped");
    frames.send(PING, 0, 0, &[0; 8]).await;
    frames.next_of(PING).await;
}

/// CVE-2023-44487.
#[tokio::test]
async fn a_rapid_reset_leaves_nothing_running() {
    let running = start(|_| {}).await;
    let mut frames = Frames::open(&running).await;
    let mut last = 0;
    for number in 0..5000 {
        last = 1 + number * 2;
        let reset = [
            frames.frame(HEADERS, END_HEADERS | END_STREAM, last, &get("/wait")),
            frames.frame(RST_STREAM, 0, last, &CANCEL.to_be_bytes()),
        ];
        if frames.write(&reset.concat()).await.is_err() {
            break;
        }
    }
    assert!(last > 200);
    // Whether the connection was closed for it or not: every handler that began was dropped.
    drop(frames);
    eventually(|| running.counts.open() == 0).await;
    goes_on(&running).await;
    assert!(running.service.finished.load(std::sync::atomic::Ordering::SeqCst) <= 1, "no reset request was answered");
}

#[tokio::test]
async fn resets_before_a_stream_is_handled_end_the_connection() {
    let running = start(|settings| settings.limits.http2_pending_resets = 20).await;
    let mut frames = Frames::open(&running).await;
    let mut flood = Vec::new();
    for number in 0..2000 {
        flood.extend(frames.frame(HEADERS, END_HEADERS | END_STREAM, 1 + number * 2, &get("/wait")));
        flood.extend(frames.frame(RST_STREAM, 0, 1 + number * 2, &CANCEL.to_be_bytes()));
    }
    // All of it at once, so that the server finds resets before it could begin.
    let _ = frames.write(&flood).await;
    assert_eq!(frames.goodbye().await, ENHANCE_YOUR_CALM);
    goes_on(&running).await;
}

/// CVE-2025-8671: the client makes the server reset the streams.
#[tokio::test]
async fn mistakes_that_make_the_server_reset_end_the_connection() {
    for mistake in ["window of nothing", "window overflow", "own parent", "data after the end"] {
        let running = start(|settings| settings.limits.http2_local_resets = 20).await;
        let mut frames = Frames::open(&running).await;
        for number in 0..200 {
            let stream = 1 + number * 2;
            let provoking = match mistake {
                "window of nothing" => frames.frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes()),
                "window overflow" => frames.frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes()),
                "own parent" => frames.frame(PRIORITY, 0, stream, &[stream.to_be_bytes().as_slice(), &[0]].concat()),
                _ => frames.frame(DATA, 0, stream, b"x"),
            };
            let both = [frames.frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/wait")), provoking].concat();
            if frames.write(&both).await.is_err() {
                break;
            }
        }
        let code = frames.goodbye().await;
        assert!(matches!(code, ENHANCE_YOUR_CALM | PROTOCOL_ERROR | STREAM_CLOSED), "{mistake}: {code}");
        eventually(|| running.counts.open() == 0).await;
        assert!(running.calls().len() <= 121, "{mistake}: {} handlers ran", running.calls().len());
        goes_on(&running).await;
    }
}

const STREAM_CLOSED: u32 = 5;

#[tokio::test]
async fn malformed_heads_reach_no_handler() {
    let running = start(|_| {}).await;
    let own = |name: &str, value: &str| [get("/malformed"), header(name, value)].concat();
    let heads = [
        own("connection", "close"),
        own("keep-alive", "timeout=5"),
        own("proxy-connection", "keep-alive"),
        own("transfer-encoding", "chunked"),
        own("upgrade", "websocket"),
        own("te", "gzip"),
        own("X-Upper", "a"),
        own("x y", "a"),
        own("x:y", "a"),
        own("", "a"),
        own("x-line", "a\r\nb"),
        own("x-nul", "a\0b"),
        own(":path", "/other"),
        own(":method", "POST"),
        own(":status", "200"),
        own(":unknown", "a"),
        [header("x-first", "a"), get("/malformed")].concat(),
        [pseudo(":method", "GET"), pseudo(":scheme", "https"), pseudo(":authority", "localhost")].concat(),
        [pseudo(":method", "GET"), pseudo(":path", "/malformed"), pseudo(":authority", "localhost")].concat(),
        [pseudo(":scheme", "https"), pseudo(":path", "/malformed"), pseudo(":authority", "localhost")].concat(),
        [pseudo(":method", "GET"), pseudo(":scheme", "https"), pseudo(":path", ""), pseudo(":authority", "localhost")].concat(),
        [pseudo(":method", "G T"), pseudo(":scheme", "https"), pseudo(":path", "/malformed"), pseudo(":authority", "localhost")].concat(),
    ];
    for head in heads {
        let mut frames = Frames::open(&running).await;
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &head).await;
        let refused = frames.next_matching(|frame| frame.kind == RST_STREAM || frame.kind == GOAWAY || frame.kind == HEADERS).await;
        let shown = String::from_utf8_lossy(&head).into_owned();
        // A reset, a closed connection, or an answer of ours: what counts is that nobody was called.
        assert!(refused.is_some(), "{shown}");
        assert_eq!(running.calls(), Vec::<String>::new(), "{shown}");
    }
    let mut frames = Frames::open(&running).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &[get("/trailers"), header("te", "trailers")].concat()).await;
    frames.next_of(HEADERS).await;
    assert_eq!(running.calls(), ["/trailers"]);
}

#[tokio::test]
async fn a_length_that_the_content_does_not_have_is_malformed() {
    let running = start(|_| {}).await;
    let post = |length: &str| {
        let head = [pseudo(":method", "POST"), pseudo(":scheme", "https"), pseudo(":path", "/"), pseudo(":authority", "localhost")];
        [head.concat(), header("content-length", length)].concat()
    };
    for (length, content) in [("5", b"hel".as_slice()), ("2", b"hel"), ("0", b"h"), ("x", b"hel"), ("-1", b"hel"), ("3, 3", b"hel")] {
        let mut frames = Frames::open(&running).await;
        frames.send(HEADERS, END_HEADERS, 1, &post(length)).await;
        frames.send(DATA, END_STREAM, 1, content).await;
        let reset = frames.next_matching(|frame| frame.kind == RST_STREAM || frame.kind == GOAWAY).await.expect("it is refused");
        assert!(matches!(reset.code(), PROTOCOL_ERROR), "{length}: {reset:?}");
    }
    goes_on(&running).await;
}

#[tokio::test]
async fn a_head_without_an_end_ends_the_connection() {
    let running = start(|_| {}).await;
    let mut frames = Frames::open(&running).await;
    frames.send(HEADERS, END_STREAM, 1, &get("/")).await;
    let part = header("x-endless", &"a".repeat(100)).repeat(100);
    let mut sent = 0;
    while sent < 16 * 1024 * 1024 && frames.write(&frames.frame(CONTINUATION, 0, 1, &part)).await.is_ok() {
        sent += part.len();
    }
    assert!(sent < 16 * 1024 * 1024, "the server took it all");
    eventually(|| running.counts.open() == 0).await;
    assert_eq!(running.calls(), Vec::<String>::new());
    goes_on(&running).await;
}

#[tokio::test]
async fn floods_of_small_frames_harm_nobody() {
    let running = start(|_| {}).await;
    for kind in [PING, SETTINGS, DATA, WINDOW_UPDATE, PRIORITY] {
        let mut frames = Frames::open(&running).await;
        let head = [pseudo(":method", "POST"), pseudo(":scheme", "https"), pseudo(":path", "/"), pseudo(":authority", "localhost")];
        frames.send(HEADERS, END_HEADERS, 1, &head.concat()).await;
        let frame = match kind {
            PING => frames.frame(PING, 0, 0, &[0; 8]),
            SETTINGS => frames.frame(SETTINGS, 0, 0, &[]),
            DATA => frames.frame(DATA, 0, 1, &[]),
            WINDOW_UPDATE => frames.frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()),
            _ => frames.frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]),
        };
        let many = frame.repeat(500);
        let reading = frames.read_on();
        for _ in 0..40 {
            if frames.write(&many).await.is_err() {
                break;
            }
        }
        goes_on(&running).await;
        drop(frames);
        reading.abort();
    }
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let running = start(|settings| settings.limits.header_read = SHORT).await;
    let frames = Frames::open(&running).await;
    eventually(|| running.counts.open() == 0).await;
    drop(frames);
    goes_on(&running).await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let running = start(|settings| settings.limits.header_read = SHORT).await;
    let mut frames = Frames::open(&running).await;
    frames.send(HEADERS, END_STREAM, 1, &get("/")).await;
    eventually(|| running.counts.open() == 0).await;
    assert_eq!(running.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_makes_no_room_is_given_up() {
    let running = start(|settings| settings.limits.write_stall = SHORT).await;
    let mut frames = Frames::open(&running).await;
    // An initial window of nothing: not a byte of content may be sent.
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/large")).await;
    frames.next_of(HEADERS).await;
    eventually(|| running.counts.open() == 0).await;
    goes_on(&running).await;
}

#[tokio::test]
async fn a_client_that_waits_for_the_handler_is_not_given_up() {
    let running = start(|settings| settings.limits.write_stall = SHORT).await;
    let mut client = client(&running).await;
    let (slow, _) = client.send_request(request(Method::GET, "/wait"), true).unwrap();
    running.service.began.notified().await;
    tokio::time::sleep(SHORT * 3).await;
    running.service.go_on.notify_one();
    assert_eq!(timeout(PATIENCE, slow).await.unwrap().unwrap().status(), StatusCode::OK);
}
