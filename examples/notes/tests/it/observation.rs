//! What an operator sees, and what nobody may see.

use http::Method;
use portcullis_testing::TestApp;
use serde_json::Value;

use crate::support::write_note;

on_both! {
    every_request_has_one_line_and_no_line_holds_a_secret
    no_text_of_a_client_makes_a_line_of_its_own
    denials_stand_in_the_audit_log
    health_and_metrics_are_there
}

fn lines(app: &TestApp) -> Vec<Value> {
    app.log().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

async fn every_request_has_one_line_and_no_line_holds_a_secret(app: TestApp) {
    let alice = app.user("alice").await;
    write_note(&alice, "a very private title").await;
    alice.get("/notes?cursor=a-secret-in-a-query").await;
    let tokens = app.token("alice", "correct horse battery staple").await.json();
    alice.get("/nothing/here?token=secret-query").await;
    let log = app.log();
    for secret in [
        "correct",
        "horse",
        alice.token().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
        "a-secret-in-a-query",
        "secret-query",
        "private title",
    ] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    let answer = alice.get("/whoami").await;
    let id = answer.header("x-request-id").unwrap();
    let own: Vec<Value> = lines(&app).into_iter().filter(|line| line["request_id"] == id).collect();
    assert_eq!(own.len(), 1);
    let line = &own[0];
    assert_eq!((&line["method"], &line["route"], &line["status"]), (&"GET".into(), &"/whoami".into(), &200.into()));
    assert_eq!(line["principal"], alice.get("/whoami").await.json()["sub"]);
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
    assert!(line["duration_us"].is_u64() && line["client_address"] == "127.0.0.1");
}

async fn no_text_of_a_client_makes_a_line_of_its_own(app: TestApp) {
    // The client itself refuses control characters; U+2028 and a C1 control (U+009B) in UTF-8 pass it.
    let hostile = "x\u{9b}31m {\"event\":\"fake\"} \u{2028}";
    let request =
        app.anonymous().request(Method::GET, "/nothing%0a%1b[31m%7b%22event%22%3a%22fake%22%7d").header("user-agent", hostile.as_bytes());
    assert_eq!(request.send().await.unwrap().status(), 404);
    app.token("x%0a{\"event\":\"fake\"}", "wrong").await;
    let log = app.log();
    assert!(log.contains("/nothing%0a"), "{log}");
    assert!(!log.contains(['\u{1b}', '\u{9b}', '\u{2028}']));
    assert!(lines(&app).iter().all(|line| line["event"] != "fake"));
}

async fn denials_stand_in_the_audit_log(app: TestApp) {
    let (alice, admin) = (app.user("alice").await, app.admin().await);
    let answer = alice.get("/admin/notes").await;
    assert_eq!(answer.status, 403);
    let id = answer.header("x-request-id").unwrap().to_owned();
    // Denials are written in batches: the audit log has this one within a moment.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let found = loop {
        let page = admin.get("/admin/audit?limit=100").await.json();
        let found = page["items"].as_array().unwrap().iter().find(|event| event["request_id"] == id.as_str()).cloned();
        if found.is_some() || std::time::Instant::now() > deadline {
            break found;
        }
    };
    let event = found.expect("the denial is in the audit log");
    assert_eq!((&event["kind"], &event["reason"], &event["outcome"]), (&"authz_fail".into(), &"policy".into(), &"failure".into()));
    assert_eq!(event["details"], "{\"endpoint\":\"GET /admin/notes\",\"times\":1}");
    let kinds: Vec<Value> =
        admin.get("/admin/audit?limit=100").await.json()["items"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    for kind in ["user_created", "authn_login_success"] {
        assert!(kinds.contains(&kind.into()), "{kind} in {kinds:?}");
    }
}

async fn health_and_metrics_are_there(app: TestApp) {
    app.user("alice").await.get("/whoami").await;
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(app.management(path).await.0, 200, "{path}");
    }
    let (status, text) = app.management("/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("http_server_request_duration_seconds_count{method=\"GET\",route=\"/whoami\",status=\"2xx\"} 1"), "{text}");
    assert!(text.contains("tls_certificate_expiry_timestamp_seconds "), "{text}");
    assert!(!text.contains("alice"));
    assert_eq!(app.management("/nothing").await.0, 404);
    app.runtime().database().close().await;
    assert_eq!(app.management("/readyz").await.0, 503, "without a database the service isn't ready");
    assert_eq!(app.management("/livez").await.0, 200, "but it is alive");
    let answer = app.token("alice", "correct horse battery staple").await;
    assert_eq!(answer.status, 503, "{answer:?}");
}
