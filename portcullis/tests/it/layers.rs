//! Tower layers around the gate: they see everything that was admitted, and loosen nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::middleware::{Next, from_fn};
use http::{HeaderValue, Method};
use portcullis::prelude::*;
use portcullis::web::{Body, IntoResponse as _, Request, Response};
use portcullis_testing::{TestApp, World, check_uniform};

use crate::support::{Believer, Nobody, Role, caller, id_of, send, start, world};

#[get("/clerk", access = Role::Clerk)]
async fn clerk() -> NoContent {
    NoContent
}

#[get("/admin", access = Role::Admin)]
async fn admin() -> NoContent {
    NoContent
}

#[input]
struct Note {
    #[check(length(chars, max = 10))]
    text: String,
}

#[post("/notes", access = Role::Clerk)]
async fn note(Json(note): Json<Note>) -> Text {
    Text(note.text.into())
}

#[post("/sign-in", access = Public("a test"), class = Credentials)]
async fn sign_in() -> NoContent {
    NoContent
}

/// Does what the request asks it to.
#[expect(clippy::panic, reason = "that is the test")]
async fn obedient(mut request: Request, next: Next) -> Response {
    let wish = request.headers().get("x-wish").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    match wish.as_str() {
        "answer" => Body::from("answered by the layer").into_response(),
        "panic" => panic!("the private words of a layer"),
        "hang" => std::future::pending().await,
        "rewrite" => {
            *request.uri_mut() = http::Uri::from_static("/admin");
            next.run(request).await
        }
        "rewrite and hide" => {
            *request.uri_mut() = http::Uri::from_static("/admin");
            let _ = next.run(request).await;
            Body::from("all is well").into_response()
        }
        "trim" => {
            let path = request.uri().path().trim_end_matches('/').to_owned();
            *request.uri_mut() = path.parse().unwrap();
            next.run(request).await
        }
        "method" => {
            *request.method_mut() = if request.method() == Method::GET { Method::HEAD } else { Method::GET };
            next.run(request).await
        }
        "query" => {
            *request.uri_mut() = http::Uri::from_static("/clerk?added=1");
            next.run(request).await
        }
        "twice" => {
            let mut again = http::Request::builder().uri(request.uri()).body(Body::empty()).unwrap();
            *again.headers_mut() = request.headers().clone();
            *again.extensions_mut() = request.extensions().clone();
            let first = next.clone().run(request).await;
            assert!(first.status().is_success(), "{first:?}");
            next.run(again).await
        }
        "elsewhere" => {
            let mut own = http::Request::builder().uri("/admin").body(Body::empty()).unwrap();
            *own.headers_mut() = request.headers().clone();
            *own.extensions_mut() = std::mem::take(request.extensions_mut());
            next.run(own).await
        }
        "forget" => {
            request.extensions_mut().clear();
            next.run(request).await
        }
        "anew" => next.run(http::Request::builder().uri("/admin").body(Body::empty()).unwrap()).await,
        _ => {
            let mut response = next.run(request).await;
            for (name, value) in
                [("x-layer", "1"), ("x-frame-options", "ALLOWALL"), ("server", "layer"), ("access-control-allow-origin", "*")]
            {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            response
        }
    }
}

fn application(calls: &Arc<AtomicUsize>) -> App<Role, impl Sized> {
    let calls = Arc::clone(calls);
    let counting = from_fn(move |request: Request, next: Next| {
        calls.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    });
    let outer = from_fn(|request: Request, next: Next| async move {
        let mut response = next.run(request).await;
        let seen = response.headers().contains_key("x-layer");
        response.headers_mut().insert("x-outer", HeaderValue::from_static(if seen { "saw the inner layer" } else { "1" }));
        response
    });
    let app = App::new("Layers").module::<Nobody>(Believer).layer_around_gate(from_fn(obedient));
    let raw = axum::Router::new().route("/raw/{*rest}", axum::routing::get(|| async { "raw" }));
    let app = app.dangerous_mount_axum("/raw", Authenticated.guard(), raw, "a test of layers");
    app.layer_around_gate(counting).layer_around_gate(outer).endpoints(endpoints![clerk, admin, note, sign_in])
}

async fn layers(world: World) -> TestApp {
    start(application(&Arc::default()), world.with("LIMITS__HANDLER_SECONDS", "1")).await
}

on_one!(layers =>
    a_layer_sees_the_answer_and_loosens_nothing
    a_layer_may_answer_but_lets_nobody_through
    a_layer_cannot_lead_a_request_elsewhere
    a_layer_that_fails_is_a_problem
    who_called_is_in_the_log
);

async fn wish(app: &TestApp, who: &str, path: &str, wish: &str) -> portcullis_testing::Answer {
    send(caller(app, who).request(Method::GET, path).header("x-wish", wish)).await
}

async fn a_layer_sees_the_answer_and_loosens_nothing(app: TestApp) {
    for (who, path, status) in
        [("cleo/clerk", "/clerk", 204), ("cleo/clerk", "/admin", 403), ("cleo/clerk", "/nothing", 404), ("x", "/clerk", 401)]
    {
        let answer = wish(&app, who, path, "").await;
        assert_eq!(answer.status, status, "{path}");
        check_uniform(&answer);
        assert_eq!(
            (answer.header("x-layer"), answer.header("x-outer")),
            (Some("1"), Some("saw the inner layer")),
            "later layers are outside"
        );
        assert_eq!((answer.header("x-frame-options"), answer.header("access-control-allow-origin")), (Some("DENY"), None));
    }
    let note = caller(&app, "cleo/clerk").post("/notes", &serde_json::json!({"text": "abc"})).await;
    assert_eq!(note.text(), "abc", "the body goes through");
    assert_eq!(app.anonymous().raw(Method::POST, "/notes", "application/json", vec![b' '; 2_000_000]).await.status, 401);
}

async fn a_layer_may_answer_but_lets_nobody_through(app: TestApp) {
    let answered = wish(&app, "nonsense", "/admin", "answer").await;
    assert_eq!((answered.status, answered.text().as_str()), (200, "answered by the layer"));
    check_uniform(&answered);
    let anew = wish(&app, "root/admin", "/clerk", "anew").await;
    assert_eq!(anew.status, 500, "a request that wasn't admitted");
    check_uniform(&anew);
}

async fn a_layer_cannot_lead_a_request_elsewhere(app: TestApp) {
    for (path, wished, why) in [
        ("/clerk", "rewrite", "a layer changed the path"),
        ("/clerk", "rewrite and hide", "a layer changed the path"),
        ("/clerk/", "trim", "a layer changed the path"),
        ("/clerk", "elsewhere", "a layer changed the path"),
        ("/clerk", "method", "a layer changed the method"),
        ("/clerk", "twice", "a layer sent a request again"),
        ("/clerk", "forget", "a layer sent a request of its own"),
        ("/raw/here", "rewrite", "a layer changed the path"),
        ("/raw/here/", "trim", "a layer changed the path"),
        ("/nothing", "rewrite", "a layer changed the path"),
    ] {
        let before = app.log().matches(why).count();
        let answer = wish(&app, "root/admin", path, wished).await;
        assert_eq!(answer.status, 500, "{path} {wished}");
        check_uniform(&answer);
        assert!(!answer.text().contains("layer"), "{}", answer.text());
        assert_eq!(app.log().matches(why).count(), before + 1, "{path} {wished}: {}", app.log());
    }
    let head = send(caller(&app, "root/admin").request(Method::HEAD, "/clerk").header("x-wish", "method")).await;
    assert_eq!(head.status, 500, "HEAD is not GET");
    for (path, wished) in [("/clerk", "query"), ("/clerk", "trim"), ("/raw/here", "")] {
        let status = wish(&app, "root/admin", path, wished).await.status;
        assert!(matches!(status, 200 | 204), "{path} {wished}: {status}");
    }
}

async fn a_layer_that_fails_is_a_problem(app: TestApp) {
    for (how, status) in [("panic", 500), ("hang", 503)] {
        let answer = wish(&app, "cleo/clerk", "/clerk", how).await;
        assert_eq!(answer.status, status, "{how}");
        check_uniform(&answer);
        assert!(!answer.text().contains("private words"));
    }
    assert_eq!(wish(&app, "cleo/clerk", "/clerk", "").await.status, 204, "the service goes on");
}

async fn who_called_is_in_the_log(app: TestApp) {
    wish(&app, "cleo/clerk", "/clerk", "").await;
    assert!(app.log().contains(&id_of("cleo").to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_come_before_layers() {
    let (Some(world), calls) = (world(), Arc::default()) else { return };
    let world = world.with("RATE_LIMIT__DEFAULT", "2/h").with("LIMITS__URL_BYTES", "100");
    let app = start(application(&calls), world).await;
    let caller = caller(&app, "cleo/clerk");
    assert_eq!(caller.get(&format!("/clerk?{}", "x".repeat(200))).await.status, 414);
    assert_eq!((caller.get("/clerk").await.status, caller.get("/clerk").await.status), (204, 204));
    for _ in 0..3 {
        let answer = wish(&app, "cleo/clerk", "/clerk", "answer").await;
        assert_eq!(answer.status, 429, "no layer answers for a client that asks too often");
        check_uniform(&answer);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_that_counts_is_that_of_the_endpoint_that_answers() {
    let Some(world) = world() else { return };
    let app = start(application(&Arc::default()), world.with("RATE_LIMIT__DEFAULT", "1000/h").with("RATE_LIMIT__CREDENTIALS", "3/h")).await;
    let sign_in = async |path: &str| send(app.anonymous().request(Method::POST, path).header("x-wish", "trim")).await.status;
    for _ in 0..10 {
        assert_eq!(sign_in("/sign-in/").await, 500, "the variant of the path reaches nothing");
    }
    let statuses = [sign_in("/sign-in").await, sign_in("/sign-in").await, sign_in("/sign-in").await, sign_in("/sign-in").await];
    assert_eq!(statuses, [204, 204, 204, 429]);
}
