//! `WebSocket` endpoints: policy, origin, limits, shutdown.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::{SocketOpened, WebSocket};
use portcullis_testing::{TestApp, World, check_uniform};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::raw::{PATIENCE, exchange};
use crate::support::{Believer, Nobody, Role, behind_proxy, caller, start, world};

#[get("/echo", access = Role::Clerk)]
async fn echo(socket: WebSocket) -> SocketOpened {
    socket.open(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            let is_data = matches!(message, axum::extract::ws::Message::Text(_) | axum::extract::ws::Message::Binary(_));
            if is_data && socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// Takes short messages only.
#[get("/brief", access = Role::Clerk)]
async fn brief(socket: WebSocket) -> SocketOpened {
    socket.message_bytes(10).open(|mut socket| async move { while let Some(Ok(_)) = socket.recv().await {} })
}

/// Holds its socket, and does nothing with it.
#[get("/idle", access = Role::Clerk)]
async fn idle(socket: WebSocket) -> SocketOpened {
    socket.idle(Duration::from_millis(100)).open(|socket| async move {
        let _kept = socket;
        std::future::pending().await
    })
}

/// Reads and writes at the same time, then says good-bye.
#[get("/split", access = Role::Clerk)]
async fn split(socket: WebSocket) -> SocketOpened {
    socket.open(|socket| async move {
        let (mut write, mut read) = socket.split();
        while let Some(Ok(message)) = read.next().await {
            write.send(message).await.unwrap();
        }
    })
}

async fn sockets(world: World) -> TestApp {
    let app = App::new("Sockets").module::<Nobody>(Believer).endpoints(endpoints![echo, brief, idle, split]);
    let world = behind_proxy(world).with("PUBLIC_URL", "https://localhost").with("CORS__ORIGINS", "https://app.example.com");
    start(app, world.with("LIMITS__HANDLER_SECONDS", "1").with("DOCS__ACCESS", "public")).await
}

/// Clients are asked after a second of silence, and what is buffered is little.
async fn strict(world: World) -> TestApp {
    let world = world.with("LIMITS__WEBSOCKET_PING_SECONDS", "1").with("LIMITS__WEBSOCKET_MESSAGE_BYTES", "50000");
    sockets(world.with("LIMITS__BODY_BYTES", "1000").with("LIMITS__BUFFERED_BODY_BYTES", "600000")).await
}

on_one!(sockets =>
    messages_go_both_ways
    a_socket_opens_under_its_policy
    a_page_of_a_foreign_origin_opens_no_socket
    a_message_that_is_too_large_ends_the_socket
    what_opens_no_socket_is_told_so
    a_socket_ends_when_the_service_does
    a_malformed_handshake_is_refused
    a_handshake_without_faults_is_accepted
    a_message_of_too_many_fragments_ends_the_socket
    an_endpoint_sets_the_size_of_its_messages
    a_socket_without_messages_ends
    a_socket_can_be_split_and_closed
);

mod strict_limits {
    use super::*;

    on_one!(strict =>
        a_client_that_answers_pings_stays
        a_client_that_answers_no_ping_is_cut
        unfinished_messages_count_in_the_budget_of_their_address
    );
}

async fn open(app: &TestApp, credential: &str, origins: &[&str]) -> Result<WebSocketStream<TcpStream>, u16> {
    open_at(app, "/echo", credential, origins).await
}

async fn open_at(app: &TestApp, path: &str, credential: &str, origins: &[&str]) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://localhost{path}").into_client_request().unwrap();
    if !credential.is_empty() {
        request.headers_mut().insert("authorization", format!("Bearer {credential}").parse().unwrap());
    }
    for origin in origins {
        request.headers_mut().append("origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(app.address()).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The next message; none when the socket ended.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<Message> {
    match timeout(PATIENCE, socket.next()).await.unwrap() {
        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        Some(Ok(message)) => Some(message),
    }
}

/// The code that the socket is closed with.
async fn closed(socket: &mut WebSocketStream<TcpStream>) -> Option<u16> {
    loop {
        match timeout(PATIENCE, socket.next()).await.unwrap() {
            Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

fn handshake(version: &str, head: &str) -> String {
    format!(
        "GET /echo {version}\r\nhost: localhost\r\nauthorization: Bearer cleo/clerk\r\nconnection: keep-alive, Upgrade\r\n\
         upgrade: WebSocket\r\n{head}\r\n"
    )
}

const VERSION: &str = "sec-websocket-version: 13\r\n";
const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn a_malformed_handshake_is_refused(app: TestApp) {
    for (head, status) in [
        (VERSION.to_owned(), 400),
        (format!("{VERSION}{KEY}{KEY}"), 400),
        (format!("{VERSION}sec-websocket-key: \r\n"), 400),
        (format!("{VERSION}sec-websocket-key: AAAAAAAAAAAAAAAAAAAA\r\n"), 400),
        (format!("{VERSION}sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n"), 400),
        (format!("{VERSION}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ\r\n"), 400),
        (format!("{VERSION}sec-websocket-key: dGhlIHNhbXBsZSBub25jZR==\r\n"), 400),
        (format!("{VERSION}sec-websocket-key: not base64 of anything!!\r\n"), 400),
        (format!("{VERSION}{KEY}content-length: 1\r\n\r\nx"), 400),
        (format!("{VERSION}{KEY}transfer-encoding: chunked\r\n\r\n0\r\n"), 400),
        (KEY.to_owned(), 426),
        (format!("{VERSION}{VERSION}{KEY}"), 426),
        (format!("sec-websocket-version: 8\r\n{KEY}"), 426),
        (format!("sec-websocket-version: 13, 8\r\n{KEY}"), 426),
    ] {
        let answer = exchange(app.address(), &handshake("HTTP/1.1", &head), "\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
    let old = exchange(app.address(), &handshake("HTTP/1.0", &format!("{VERSION}{KEY}")), "\r\n\r\n").await;
    assert!(!old.contains(" 101 "), "{old}");
}

async fn a_handshake_without_faults_is_accepted(app: TestApp) {
    for head in [format!("{VERSION}{KEY}"), format!("{KEY}{VERSION}content-length: 0\r\n")] {
        let answer = exchange(app.address(), &handshake("HTTP/1.1", &head), "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        // The example of RFC 6455 section 1.3.
        assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{answer}");
    }
}

/// Sends a message in so many fragments of so many bytes.
async fn send_in_fragments(socket: &mut WebSocketStream<TcpStream>, fragments: usize, bytes: usize, is_last: bool) {
    for number in 0..fragments {
        let code = if number == 0 { Data::Binary } else { Data::Continue };
        let frame = Frame::message(vec![7; bytes], OpCode::Data(code), is_last && number + 1 == fragments);
        if socket.send(Message::Frame(frame)).await.is_err() {
            // The service may hang up meanwhile.
            return;
        }
    }
}

async fn a_message_of_too_many_fragments_ends_the_socket(app: TestApp) {
    let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
    send_in_fragments(&mut socket, 128, 1, true).await;
    assert_eq!(next(&mut socket).await, Some(Message::binary(vec![7; 128])));
    send_in_fragments(&mut socket, 256, 256, true).await;
    assert_eq!(next(&mut socket).await, Some(Message::binary(vec![7; 65_536])));
    for bytes in [0, 1] {
        let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
        send_in_fragments(&mut socket, 129, bytes, false).await;
        assert_eq!(closed(&mut socket).await, Some(1008), "{bytes}");
    }
}

async fn an_endpoint_sets_the_size_of_its_messages(app: TestApp) {
    let mut socket = open_at(&app, "/brief", "cleo/clerk", &[]).await.unwrap();
    socket.send(Message::text("0123456789")).await.unwrap();
    socket.send(Message::text("01234567890")).await.unwrap();
    assert_eq!(closed(&mut socket).await, Some(1009));
}

async fn a_socket_without_messages_ends(app: TestApp) {
    let mut socket = open_at(&app, "/idle", "cleo/clerk", &[]).await.unwrap();
    assert_eq!(closed(&mut socket).await, Some(1001));
}

async fn a_socket_can_be_split_and_closed(app: TestApp) {
    let mut socket = open_at(&app, "/split", "cleo/clerk", &[]).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(Message::text("hello")));
    socket.close(None).await.unwrap();
    assert_eq!(next(&mut socket).await, None);
}

async fn a_client_that_answers_pings_stays(app: TestApp) {
    let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
    for _ in 0..2 {
        let asked = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert!(asked.is_ping(), "{asked:?}");
        socket.flush().await.unwrap();
    }
    socket.send(Message::text("hello")).await.unwrap();
    let heard = async { while socket.next().await.unwrap().unwrap() != Message::text("hello") {} };
    assert!(timeout(PATIENCE, heard).await.is_ok());
}

async fn a_client_that_answers_no_ping_is_cut(app: TestApp) {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(handshake("HTTP/1.1", &format!("{VERSION}{KEY}")).as_bytes()).await.unwrap();
    let rest = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0) {} };
    assert!(timeout(PATIENCE * 2, rest).await.is_ok(), "the connection is closed");
}

async fn unfinished_messages_count_in_the_budget_of_their_address(app: TestApp) {
    let mut first = open(&app, "cleo/clerk", &[]).await.unwrap();
    send_in_fragments(&mut first, 40, 1024, false).await;
    // As it is judged by the same service: nothing says when it has read the first one.
    let refused = async {
        loop {
            let mut second = open(&app, "cleo/clerk", &[]).await.unwrap();
            send_in_fragments(&mut second, 40, 1024, true).await;
            match timeout(PATIENCE, second.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                Some(Err(error)) => panic!("{error}"),
                _ => {}
            }
        }
    };
    assert_eq!(timeout(PATIENCE, refused).await.unwrap(), Some(1013));
    drop(first);
    let room = async {
        loop {
            let mut third = open(&app, "cleo/clerk", &[]).await.unwrap();
            send_in_fragments(&mut third, 40, 1024, true).await;
            if next(&mut third).await.is_some_and(|message| message.len() == 40 * 1024) {
                return;
            }
        }
    };
    assert!(timeout(PATIENCE, room).await.is_ok(), "what ended no longer counts");
}

async fn messages_go_both_ways(app: TestApp) {
    let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
    for message in [Message::text("hello"), Message::binary(vec![0, 255]), Message::text("x".repeat(64 * 1024))] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut socket).await, Some(message));
    }
}

async fn a_socket_opens_under_its_policy(app: TestApp) {
    assert_eq!(open(&app, "", &[]).await.unwrap_err(), 401);
    assert_eq!(open(&app, "nonsense", &[]).await.unwrap_err(), 401);
    assert_eq!(open(&app, "gus/guest", &[]).await.unwrap_err(), 403);
    assert!(open(&app, "cleo/clerk", &[]).await.is_ok());
}

async fn a_page_of_a_foreign_origin_opens_no_socket(app: TestApp) {
    for origins in [
        &["https://evil.example"][..],
        &["null"],
        &["http://localhost"],
        &["https://localhost.evil.example"],
        &["https://localhost:8443"],
        &["https://localhost", "https://evil.example"],
        &[""],
    ] {
        assert_eq!(open(&app, "cleo/clerk", origins).await.unwrap_err(), 403, "{origins:?}");
    }
    for origin in ["https://localhost", "https://app.example.com"] {
        assert!(open(&app, "cleo/clerk", &[origin]).await.is_ok(), "{origin}");
    }
}

async fn a_message_that_is_too_large_ends_the_socket(app: TestApp) {
    for message in [Message::text("x".repeat(64 * 1024 + 1)), Message::binary(vec![0; 1024 * 1024])] {
        let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
        // The service may hang up while it is being sent.
        let _ = socket.send(message).await;
        assert_eq!(next(&mut socket).await, None);
    }
    // Nor do many parts make a larger whole.
    let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
    for number in 0..40 {
        let code = if number == 0 { Data::Binary } else { Data::Continue };
        if socket.send(Message::Frame(Frame::message(vec![0; 4096], OpCode::Data(code), false))).await.is_err() {
            break;
        }
    }
    assert_eq!(next(&mut socket).await, None);
    assert!(open(&app, "cleo/clerk", &[]).await.is_ok(), "the service goes on");
}

async fn what_opens_no_socket_is_told_so(app: TestApp) {
    let answer = caller(&app, "cleo/clerk").get("/echo").await;
    assert_eq!(answer.status, 426);
    check_uniform(&answer);
    assert_eq!((answer.header("upgrade"), answer.header("sec-websocket-version")), (Some("websocket"), Some("13")));
    let old = "GET /echo HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer cleo/clerk\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
               sec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert!(exchange(app.address(), old, "\r\n\r\n").await.starts_with("HTTP/1.1 426 "));
    assert_eq!(caller(&app, "cleo/clerk").send(Method::POST, "/echo").await.status, 405);
    let document = app.anonymous().get("/openapi.json").await.json();
    let operation = &document["paths"]["/echo"]["get"];
    for status in ["101", "401", "403", "426"] {
        assert!(operation["responses"][status].is_object(), "{status}");
    }
    assert!(operation["description"].as_str().unwrap().contains("WebSocket"));
}

async fn a_socket_ends_when_the_service_does(app: TestApp) {
    let mut socket = open(&app, "cleo/clerk", &[]).await.unwrap();
    let ending = tokio::spawn(app.end());
    assert_eq!(next(&mut socket).await, None);
    assert!(timeout(PATIENCE, ending).await.is_ok(), "nothing holds the service up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_2_no_socket_opens() {
    let Some(world) = world() else { return };
    let app = start(App::new("Sockets").module::<Nobody>(Believer).endpoints(endpoints![echo]), world).await;
    let answer = caller(&app, "cleo/clerk").get("/echo").await;
    assert_eq!((answer.status, answer.header("connection")), (426, None));
    check_uniform(&answer);
}
