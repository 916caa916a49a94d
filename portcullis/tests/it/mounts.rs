//! Raw axum routers: guarded, limited and stamped like everything else.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::{get as read, post as write};
use http::Method;
use portcullis::prelude::*;
use portcullis_testing::{TestApp, World, check_uniform};

use crate::support::{Believer, Nobody, Role, behind_proxy, caller, send, start};

#[get("/new", access = Public("a test"))]
async fn new() -> NoContent {
    NoContent
}

#[expect(clippy::panic, reason = "that is the test")]
async fn panics() -> &'static str {
    panic!("the private words of a panic")
}

async fn count(body: Body) -> Result<String, http::StatusCode> {
    use futures_util::StreamExt as _;
    let (mut stream, mut bytes) = (body.into_data_stream(), 0);
    while let Some(chunk) = stream.next().await {
        bytes += chunk.map_err(|_| http::StatusCode::PAYLOAD_TOO_LARGE)?.len();
    }
    Ok(bytes.to_string())
}

/// Says its length, which nobody else can know.
async fn streamed() -> impl axum::response::IntoResponse {
    let parts = ["a ", "stream"].map(Ok::<_, std::io::Error>);
    ([("content-length", "8")], Body::from_stream(futures_util::stream::iter(parts)))
}

fn router() -> Router {
    let loose = [
        ("x-frame-options", "ALLOWALL"),
        ("content-security-policy", "default-src *"),
        ("server", "old/1.0"),
        ("x-powered-by", "old"),
        ("cache-control", "public"),
        ("strict-transport-security", "max-age=0"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
    ];
    Router::new()
        .route("/old", read(|| async { "root" }))
        .route("/old/hello", read(|| async { "hello" }))
        .route("/old/loose", read(move || async move { (loose, "loose") }))
        .route("/old/echo", write(|body: Bytes| async move { body }))
        .route("/old/count", write(count))
        .route("/old/panic", read(panics))
        .route("/old/socket", read(|upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(|_| async {}) }))
        .route("/old/problem", read(|| async { Problem::not_found() }))
        .route("/old/short", read(|| async { ([("content-length", "3")], "HTTP/1.1 200 OK") }))
        .route("/old/long", read(|| async { ([("content-length", "300")], "HTTP/1.1 200 OK") }))
        .route("/old/coded", read(|| async { ([("transfer-encoding", "gzip")], "plain") }))
        .route("/old/named", read(|| async { ([("connection", "x-frame-options, close")], "named") }))
        .route("/old/streamed", read(streamed))
        .route("/old/hang", read(|| async { std::future::pending::<&'static str>().await }))
        .route("/new/other", read(|| async { "outside of its prefix" }))
}

fn application() -> App<Role, impl Sized> {
    let app = App::new("Mounts").module::<Nobody>(Believer).endpoints(endpoints![new]);
    app.dangerous_mount_axum("/old", Role::Clerk.guard(), router(), "it is older than this service")
}

async fn mounts(world: World) -> TestApp {
    start(application(), world.with("LIMITS__BODY_BYTES", "1000").with("LIMITS__HANDLER_SECONDS", "1")).await
}

async fn proxied(world: World) -> TestApp {
    mounts(behind_proxy(world)).await
}

mod in_the_open {
    use super::*;

    on_one!(mounts =>
        a_raw_router_is_guarded
        a_raw_router_is_limited
        a_raw_router_is_stamped
        the_matrix_shows_it_with_its_reason
    );

    async fn a_raw_router_is_guarded(app: TestApp) {
        for path in ["/old", "/old/hello", "/old/nothing", "/old/hello?x=1", "/old/%68ello", "/old//hello"] {
            assert_eq!(app.anonymous().get(path).await.status, 401, "{path}");
            let forbidden = caller(&app, "gus/guest").get(path).await;
            assert_eq!(forbidden.status, 403, "{path}");
            check_uniform(&forbidden);
        }
        let clerk = caller(&app, "cleo/clerk");
        assert_eq!((clerk.get("/old").await.text(), clerk.get("/old/hello").await.text()), ("root".to_owned(), "hello".to_owned()));
        for path in ["/oldhello", "/OLD/hello", "/new/other", "//old/hello"] {
            assert_eq!(clerk.get(path).await.status, 404, "{path}: only below the prefix");
        }
        let cookie = app.anonymous().request(Method::POST, "/old/echo").header("cookie", "__Host-session=cleo/clerk");
        assert_eq!(send(cookie.header("sec-fetch-site", "cross-site").body("x")).await.status, 403, "cross-site");
    }

    async fn a_raw_router_is_limited(app: TestApp) {
        let clerk = caller(&app, "cleo/clerk");
        let post = async |path: &str, length: usize| clerk.raw(Method::POST, path, "text/plain", vec![b'x'; length]).await;
        assert_eq!(post("/old/echo", 1000).await.body.len(), 1000);
        let too_large = post("/old/echo", 1001).await;
        assert_eq!(too_large.status, 413);
        check_uniform(&too_large);
        let hanging = clerk.get("/old/hang").await;
        assert_eq!(hanging.status, 503);
        check_uniform(&hanging);
        let panicking = clerk.get("/old/panic").await;
        assert_eq!(panicking.status, 500);
        check_uniform(&panicking);
        assert!(!panicking.text().contains("private words"));
        assert_eq!(clerk.get("/old/hello").await.status, 200, "the service goes on");
    }

    async fn a_raw_router_is_stamped(app: TestApp) {
        let answer = send(caller(&app, "cleo/clerk").request(Method::GET, "/old/loose").header("origin", "https://evil.example")).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "loose"));
        check_uniform(&answer);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(answer.header("strict-transport-security").unwrap().starts_with("max-age=63072000"));
        assert_eq!(answer.header("access-control-allow-origin"), None, "no origin is listed");
    }

    async fn the_matrix_shows_it_with_its_reason(app: TestApp) {
        let row = app.matrix().lines().find(|line| line.contains("/old/*")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().take(7).collect();
        assert_eq!(cells, ["*", "/old/*", "401", "403", "yes", "yes", "yes"]);
        assert!(row.ends_with("role clerk; raw axum: it is older than this service"), "{row}");
    }
}

mod behind_a_proxy {
    use super::*;

    on_one!(proxied =>
        a_body_without_a_length_is_cut_at_the_limit
        whatever_a_raw_router_says_of_its_length_the_next_answer_begins_where_it_should
    );

    /// Asks for this and then for what is known, on one connection; the first answer's head and content.
    async fn before_another(app: &TestApp, method: &str, path: &str) -> (String, String) {
        let head = "HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer cleo/clerk\r\n";
        let requests = format!("{method} {path} {head}\r\nGET /old/hello {head}connection: close\r\n\r\n");
        let answers = crate::raw::exchange(app.address(), &requests, "\r\n\r\nhello").await;
        let (first, rest) = answers.split_once("\r\n\r\n").unwrap();
        let length = first.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
        let (content, second) = rest.split_at(if method == "HEAD" { 0 } else { length });
        assert!(second.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {answers}");
        assert_eq!((answers.matches("\r\nx-frame-options: DENY").count(), second.matches("content-length: ").count()), (2, 1), "{answers}");
        (first.to_owned(), content.to_owned())
    }

    async fn whatever_a_raw_router_says_of_its_length_the_next_answer_begins_where_it_should(app: TestApp) {
        for (path, content) in [
            ("/old/short", "HTTP/1.1 200 OK"),
            ("/old/long", "HTTP/1.1 200 OK"),
            ("/old/coded", "plain"),
            ("/old/named", "named"),
            ("/old/streamed", "a stream"),
        ] {
            let (head, got) = before_another(&app, "GET", path).await;
            assert_eq!(got, content, "{path}");
            assert!(!head.contains("transfer-encoding") && !head.contains("connection: "), "{head}");
        }
        let (head, content) = before_another(&app, "GET", "/old/problem").await;
        assert!(head.starts_with("HTTP/1.1 404 ") && content.ends_with('}') && content.contains("not_found"), "{head} {content}");
        for (path, length) in [("/old/hello", 5), ("/old/streamed", 8), ("/old/problem", content.len())] {
            let (head, _) = before_another(&app, "HEAD", path).await;
            assert!(
                head.contains(&format!("\r\ncontent-length: {length}\r\n")) || head.ends_with(&format!("\r\ncontent-length: {length}")),
                "{head}"
            );
        }
    }

    async fn a_body_without_a_length_is_cut_at_the_limit(app: TestApp) {
        for (length, status) in [(1000, 200), (1001, 413), (100_000, 413)] {
            let head =
                "POST /old/count HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer cleo/clerk\r\ntransfer-encoding: chunked\r\n\r\n";
            let request = format!("{head}{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
            let answer = crate::raw::exchange(app.address(), &request, "\r\n\r\n").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {answer}");
        }
    }
}

mod beside_other_origins {
    use super::*;

    on_one!(listed =>
        a_page_of_a_foreign_origin_opens_no_socket_with_the_cookie
        a_listed_origin_reads_nothing_by_the_cookie
    );

    async fn listed(world: World) -> TestApp {
        proxied(world.with("PUBLIC_URL", "https://localhost").with("CORS__ORIGINS", "https://app.example.com")).await
    }

    async fn a_page_of_a_foreign_origin_opens_no_socket_with_the_cookie(app: TestApp) {
        let cookie = "cookie: __Host-session=cleo/clerk\r\n";
        for (head, status) in [
            (format!("{cookie}origin: https://evil.example\r\n"), 403),
            (format!("{cookie}origin: null\r\n"), 403),
            (format!("{cookie}origin: https://localhost\r\norigin: https://evil.example\r\n"), 403),
            (format!("{cookie}origin: https://localhost\r\n"), 101),
            (format!("{cookie}origin: https://app.example.com\r\n"), 101),
            (cookie.to_owned(), 101),
            ("authorization: Bearer cleo/clerk\r\n".to_owned(), 101),
        ] {
            let request = format!(
                "GET /old/socket HTTP/1.1\r\nhost: localhost\r\n{head}connection: upgrade\r\nupgrade: websocket\r\n\
                 sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            );
            let answer = crate::raw::exchange(app.address(), &request, "\r\n\r\n").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        }
    }

    async fn a_listed_origin_reads_nothing_by_the_cookie(app: TestApp) {
        let request = caller(&app, "cleo/clerk").request(Method::GET, "/old/loose").header("origin", "https://app.example.com");
        let answer = send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}
