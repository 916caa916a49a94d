//! `WebSocket` endpoints: policy, origin, limits, shutdown.

use futures_util::{SinkExt as _, StreamExt as _};
use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::{SocketOpened, WebSocket};
use portcullis_testing::{TestApp, World, check_uniform};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
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

async fn sockets(world: World) -> TestApp {
    let app = App::new("Sockets").module::<Nobody>(Believer).endpoints(endpoints![echo]);
    let world = behind_proxy(world).with("PUBLIC_URL", "https://localhost").with("CORS__ORIGINS", "https://app.example.com");
    start(app, world.with("LIMITS__HANDLER_SECONDS", "1").with("DOCS__ACCESS", "public")).await
}

on_one!(sockets =>
    messages_go_both_ways
    a_socket_opens_under_its_policy
    a_page_of_a_foreign_origin_opens_no_socket
    a_message_that_is_too_large_ends_the_socket
    what_opens_no_socket_is_told_so
    a_socket_ends_when_the_service_does
);

async fn open(app: &TestApp, credential: &str, origins: &[&str]) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = "ws://localhost/echo".into_client_request().unwrap();
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
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
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
