//! Request bodies: how many bytes are buffered at a time, for whom, and in how many pieces they may come.

use axum::Router;
use axum::body::Bytes;
use axum::routing::{any, post as write};
use http::Method;
use portcullis::prelude::*;
use portcullis::web::app::{Class, RawMount};
use portcullis::web::extract::RawBody;
use portcullis_testing::{TestApp, World};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::raw::exchange;
use crate::support::{Believer, Nobody, Role, behind_proxy, start, world};

#[post("/kept", access = Public("a test"))]
async fn kept(RawBody(body): RawBody) -> Json<u64> {
    Json(body.len() as u64)
}

#[post("/secrets", access = Public("a test"), class = Credentials)]
async fn secrets(RawBody(body): RawBody) -> Json<u64> {
    Json(body.len() as u64)
}

#[post("/long-secrets", access = Public("a test"), class = Credentials, body_limit = 20_000)]
async fn long_secrets(RawBody(body): RawBody) -> Json<u64> {
    Json(body.len() as u64)
}

fn application() -> App<Role, impl Sized> {
    let count = |body: Bytes| async move { body.len().to_string() };
    let raw = Router::new().route("/raw/count", write(count)).route("/raw/any", any(|| async { "reached" }));
    let secret = Router::new().route("/secret/count", write(count));
    App::new("Bodies")
        .module::<Nobody>(Believer)
        .endpoints(endpoints![kept, secrets])
        .dangerous_mount_axum("/raw", Public("a test").guard(), raw, "a test")
        .dangerous_mount_raw(RawMount::new("/secret", Public("a test").guard(), secret, "a test").class(Class::Credentials))
}

async fn bodies(world: World) -> TestApp {
    start(application(), behind_proxy(world)).await
}

async fn spacious(world: World) -> TestApp {
    start(application().endpoints(endpoints![long_secrets]), behind_proxy(world)).await
}

/// 64 KiB for all bodies: 8 KiB for an address, of which 6 KiB for anonymous callers.
async fn cramped(world: World) -> TestApp {
    bodies(world.with("LIMITS__BUFFERED_BODY_BYTES", "65536").with("LIMITS__BODY_BYTES", "4096")).await
}

/// 16 requests a minute, or 3 that take credentials.
async fn counted(world: World) -> TestApp {
    bodies(world.with("RATE_LIMIT__DEFAULT", "16/min").with("RATE_LIMIT__CREDENTIALS", "3/min")).await
}

mod with_room {
    use super::*;

    on_one!(spacious =>
        a_body_in_tiny_chunks_is_refused
        a_body_in_ordinary_chunks_is_read
        endpoints_that_take_credentials_read_a_few_kib
        only_known_methods_reach_a_raw_router
    );

    async fn a_body_in_tiny_chunks_is_refused(app: TestApp) {
        for path in ["/kept", "/raw/count"] {
            let answer = chunked(&app, path, &"1\r\nx\r\n".repeat(3000)).await;
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("too_many_chunks"), "{path}: {answer}");
            let few = chunked(&app, path, &"1\r\nx\r\n".repeat(1000)).await;
            assert!(few.starts_with("HTTP/1.1 200") && few.ends_with("1000"), "{path}: {few}");
        }
    }

    async fn a_body_in_ordinary_chunks_is_read(app: TestApp) {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
        for path in ["/kept", "/raw/count"] {
            let answer = chunked(&app, path, &chunk.repeat(1024)).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("1048576"), "{path}: {answer}");
            let more = chunked(&app, path, &chunk.repeat(1025)).await;
            assert!(more.starts_with("HTTP/1.1 413"), "{path}: {more}");
        }
        assert_eq!(buffered(&app).await, 0, "an answered request buffers nothing");
    }

    async fn endpoints_that_take_credentials_read_a_few_kib(app: TestApp) {
        let send = async |path: &str, length| {
            let body = vec![b'x'; length];
            app.anonymous().raw(Method::POST, path, "application/octet-stream", body).await.status
        };
        for (path, most) in [("/secrets", 8192), ("/secret/count", 8192), ("/long-secrets", 20_000), ("/kept", 1 << 20)] {
            assert_eq!((send(path, most).await, send(path, most + 1).await), (200, 413), "{path}");
        }
    }

    async fn only_known_methods_reach_a_raw_router(app: TestApp) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = app.anonymous().send(method.parse().unwrap(), "/raw/any").await;
            assert_eq!((answer.status, answer.text().as_str()), (200, "reached"), "{method}");
        }
        for method in ["TRACE", "PROPFIND", "FROBNICATE", "get"] {
            let answer = app.anonymous().send(method.parse().unwrap(), "/raw/any").await;
            assert_eq!(answer.status, 405, "{method}");
            assert_eq!(answer.header("allow"), Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"), "{method}");
        }
    }
}

mod without_room {
    use super::*;

    on_one!(cramped =>
        one_address_gets_an_eighth_and_signed_in_callers_behind_it_have_room
        many_addresses_leave_room_for_signed_in_callers
        a_raw_router_has_no_more_room
    );

    async fn one_address_gets_an_eighth_and_signed_in_callers_behind_it_have_room(app: TestApp) {
        let first = half_sent(&app, "/kept", "192.0.2.1", "").await;
        until_buffered(&app, 4096).await;
        let refused = whole(&app, "/kept", "192.0.2.1", "").await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
        let elsewhere = whole(&app, "/kept", "192.0.2.2", "").await;
        assert!(elsewhere.starts_with("HTTP/1.1 200"), "{elsewhere}");
        let signed_in = whole(&app, "/kept", "192.0.2.1", "alice/clerk").await;
        assert!(signed_in.starts_with("HTTP/1.1 200"), "{signed_in}");
        drop(first);
        until_buffered(&app, 0).await;
        let again = whole(&app, "/kept", "192.0.2.1", "").await;
        assert!(again.starts_with("HTTP/1.1 200"), "{again}");
        assert!(app.management("/metrics").await.1.contains("portcullis_request_bodies_refused_total 1\n"));
    }

    async fn many_addresses_leave_room_for_signed_in_callers(app: TestApp) {
        let mut sent = Vec::new();
        for number in 1..=20 {
            // Two addresses may be counted in one place: some of these are refused there already.
            sent.push(half_sent(&app, "/kept", &format!("2001:db8:0:{number:x}::1"), "").await);
        }
        until_buffered(&app, 12 * 4096).await;
        let refused = whole(&app, "/kept", "192.0.2.1", "").await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        let signed_in = whole(&app, "/kept", "192.0.2.1", "alice/clerk").await;
        assert!(signed_in.starts_with("HTTP/1.1 200"), "{signed_in}");
    }

    async fn a_raw_router_has_no_more_room(app: TestApp) {
        let _first = half_sent(&app, "/kept", "192.0.2.1", "").await;
        until_buffered(&app, 4096).await;
        let refused = whole(&app, "/raw/count", "192.0.2.1", "").await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    }
}

mod with_few_requests {
    use super::*;

    on_one!(counted => a_raw_router_in_the_class_of_credentials_is_limited_as_such);

    async fn a_raw_router_in_the_class_of_credentials_is_limited_as_such(app: TestApp) {
        let mut passed = [0, 0];
        for _ in 0..10 {
            for (passed, path) in passed.iter_mut().zip(["/secret/count", "/raw/count"]) {
                *passed += u8::from(app.anonymous().raw(Method::POST, path, "text/plain", b"x".to_vec()).await.status == 200);
            }
        }
        assert_eq!(passed, [3, 10]);
    }
}

#[tokio::test]
async fn a_body_limit_without_room_stops_the_start() {
    for (setting, value, named) in [
        ("LIMITS__BODY_BYTES", "8000000", "limits.body_bytes is 8000000"),
        ("LIMITS__BUFFERED_BODY_BYTES", "200000", "limits.body_bytes is 1048576"),
    ] {
        let Some(world) = world() else { return };
        let world = std::sync::Arc::new(world.with(setting, value));
        let refused = tokio::spawn(async move { TestApp::start(application(), &world).await }).await;
        let said = refused.err().unwrap().into_panic().downcast::<String>().unwrap();
        assert!(said.contains(named) && said.contains("raise limits.buffered_body_bytes"), "{said}");
    }
}

async fn chunked(app: &TestApp, path: &str, chunks: &str) -> String {
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n");
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!("{head}connection: close\r\n\r\n{chunks}0\r\n\r\n");
    // A body that is refused isn't read to its end.
    let _ = stream.write_all(request.as_bytes()).await;
    read_to_end(&mut stream).await
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(path: &str, address: &str, credential: &str) -> String {
    let authorization = if credential.is_empty() { String::new() } else { format!("authorization: Bearer {credential}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {address}\r\n{authorization}content-type: application/octet-stream\r\ncontent-length: 4096\r\n\r\n"
    )
}

/// Sends all but the end of a body.
async fn half_sent(app: &TestApp, path: &str, address: &str, credential: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(format!("{}{}", head(path, address, credential), "x".repeat(3000)).as_bytes()).await.unwrap();
    stream
}

async fn whole(app: &TestApp, path: &str, address: &str, credential: &str) -> String {
    exchange(app.address(), &format!("{}{}", head(path, address, credential), "x".repeat(4096)), "\r\n\r\n").await
}

async fn buffered(app: &TestApp) -> usize {
    let metrics = app.management("/metrics").await.1;
    let line = metrics.lines().find_map(|line| line.strip_prefix("portcullis_request_body_bytes_buffered "));
    line.unwrap().parse().unwrap()
}

async fn until_buffered(app: &TestApp, bytes: usize) {
    let waiting = async {
        while buffered(app).await != bytes {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::raw::PATIENCE, waiting).await.unwrap();
}
