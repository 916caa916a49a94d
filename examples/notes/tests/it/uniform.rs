//! Every answer looks alike, whatever its status.

use std::sync::Arc;

use http::Method;
use portcullis::prelude::*;
use portcullis_testing::{Backend, TestApp, World, check_uniform};

use crate::support::{path_of, start, write_note};

on_both! {
    every_status_carries_every_header_once
}

async fn every_status_carries_every_header_once(app: TestApp) {
    let alice = app.user("alice").await;
    let note = write_note(&alice, "x").await;
    let anonymous = app.anonymous();
    let answers = [
        (200, alice.get("/whoami").await),
        (200, anonymous.get("/").await),
        (200, anonymous.get("/docs").await),
        (200, anonymous.get("/docs/assets/docs.css").await),
        (200, anonymous.send(Method::HEAD, "/livez").await),
        (204, alice.delete(&path_of(&note)).await),
        (400, alice.raw(Method::POST, "/notes", "application/json", b"{".to_vec()).await),
        (401, anonymous.get("/notes").await),
        (403, alice.get("/admin/notes").await),
        (404, anonymous.get("/nothing").await),
        (405, anonymous.delete("/livez").await),
        (405, anonymous.send(Method::OPTIONS, "/livez").await),
        (413, alice.raw(Method::POST, "/notes", "application/json", vec![b' '; 1_100_000]).await),
        (415, alice.raw(Method::POST, "/notes", "text/plain", b"x".to_vec()).await),
        (422, alice.raw(Method::POST, "/notes", "application/json", b"{}".to_vec()).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        check_uniform(&answer);
    }
    let request = anonymous.form("/login", "username=alice&password=correct+horse+battery+staple");
    let redirect = portcullis_testing::Answer::of(request.header("sec-fetch-site", "same-origin").send().await.unwrap()).await;
    assert_eq!(redirect.status, 303, "{redirect:?}");
    check_uniform(&redirect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_are_told_when_to_come_back() {
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let app = start(world.with("RATE_LIMIT__DEFAULT", "3/h").with("RATE_LIMIT__CREDENTIALS", "2/h")).await;
    let anonymous = app.anonymous();
    for left in ["2", "1", "0"] {
        let answer = anonymous.get("/livez").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=3;w=3600"));
        assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"default\";r={left};t=")));
    }
    let answer = anonymous.get("/livez").await;
    assert_eq!(answer.status, 429);
    check_uniform(&answer);
    assert_eq!(answer.json()["violated-policies"], serde_json::json!(["default"]));
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    // Rotating what a client can write doesn't give it another bucket.
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "user-agent"] {
        let request = anonymous.request(Method::GET, "/livez").header(name, "203.0.113.7");
        assert_eq!(request.send().await.unwrap().status(), 429, "{name}");
    }
    assert_ne!(app.token("x", "y").await.status, 429, "credentials have a limit of their own");
    app.token("x", "y").await;
    assert_eq!(app.token("x", "y").await.status, 429);
}

#[derive(Debug, Role)]
enum Role {
    User,
}

/// Panics.
#[get("/panic", access = Public("a test"))]
#[expect(clippy::panic, reason = "that is the test")]
async fn panics() -> NoContent {
    panic!("the private words of a panic")
}

/// Fails with a private message.
#[get("/fails", access = Public("a test"))]
async fn fails() -> Result<NoContent> {
    Err(Problem::internal("the private words of an error"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_an_answer_and_the_service_lives_on() {
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let app = App::<Role>::new("Panics").endpoints(endpoints![panics, fails]);
    let app = TestApp::start(app, &Arc::new(world)).await;
    for _ in 0..3 {
        for path in ["/panic", "/fails"] {
            let answer = app.anonymous().get(path).await;
            assert_eq!(answer.status, 500);
            check_uniform(&answer);
            assert!(!answer.text().contains("private words"), "{answer:?}");
        }
    }
    assert_eq!(app.anonymous().get("/livez").await.status, 200);
    assert!(app.log().contains("the private words of a panic") && app.log().contains("the private words of an error"));
}
