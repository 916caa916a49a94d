//! Anonymous clients who try to fill the audit log, and what of a signed-in user's refusals is there afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::process::Stdio;

use portcullis::core::Secret;
use portcullis::store::{Database, DatabaseSettings};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::plain::{PROXY, Plain};

const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const ANN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const PASSWORD: &str = "correct horse battery staple";
/// Requests of each anonymous connection, and of addresses behind the proxy.
const REQUESTS: usize = 1000;
/// Requests of one connection: so many refused ones it may have.
const BATCH: usize = 100;
/// Refused requests of the user.
const REFUSALS: usize = 40;

/// A row of the audit log: kind, actor and details.
type Event = (String, Option<String>, String);

/// Asks with methods that nobody asked with before, on one connection after the other, since each is closed after a while.
async fn invent_methods(service: &Plain, first: usize) {
    for batch in 0..REQUESTS / BATCH {
        let requests = (0..BATCH).fold(String::new(), |mut requests, number| {
            let last = if number + 1 == BATCH { "Connection: close\r\n" } else { "" };
            let _ = write!(requests, "M{} / HTTP/1.1\r\nHost: localhost:8443\r\n{last}\r\n", first + batch * BATCH + number);
            requests
        });
        assert_eq!(service.pipeline(STRANGER, requests).await.len(), BATCH);
    }
}

/// Asks from thousands of networks with a token that is none, through the proxy.
async fn come_from_everywhere(service: &Plain) {
    let requests = (0..REQUESTS).fold(String::new(), |mut requests, number| {
        let last = if number + 1 == REQUESTS { "Connection: close\r\n" } else { "" };
        let _ = write!(
            requests,
            "GET /users/me HTTP/1.1\r\nHost: localhost:8443\r\nX-Forwarded-For: 2001:db8:{number:x}::1\r\nAuthorization: Bearer x\r\n{last}\r\n"
        );
        requests
    });
    assert_eq!(service.pipeline(PROXY, requests).await, [401; REQUESTS], "a proxy's connection is never closed");
}

/// A signed-in user's requests that the policy refuses, one after the other.
async fn try_doors(service: &Plain, token: &str) {
    let mut stream = service.connect(ANN).await;
    let request = format!("GET /admin/users HTTP/1.1\r\nHost: localhost:8443\r\nAuthorization: Bearer {token}\r\n\r\n");
    for _ in 0..REFUSALS {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with('}') {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "closed after {answer}");
            answer.push_str(std::str::from_utf8(part.get(..length).unwrap()).unwrap());
        }
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

pub(crate) async fn sign_in(service: &Plain) -> (String, String) {
    let new = format!(r#"{{"username":"ann","password":"{PASSWORD}"}}"#);
    let (status, user) = service.ask(ANN, "POST", "/users", "Content-Type: application/json\r\n", &new).await;
    assert_eq!(status, 201, "{user}");
    let form = format!("username=ann&password={}", PASSWORD.replace(' ', "+"));
    let (status, tokens) = service.ask(ANN, "POST", "/token", "Content-Type: application/x-www-form-urlencoded\r\n", &form).await;
    assert_eq!(status, 200, "{tokens}");
    let text = |json: &str, name: &str| serde_json::from_str::<Value>(json).unwrap().get(name).unwrap().as_str().unwrap().to_owned();
    (text(&user, "id"), text(&tokens, "access_token"))
}

/// How many events of each kind the rows stand for.
fn sums<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (kind, _, details) in events {
        let details: Value = serde_json::from_str(details).unwrap();
        if kind == "audit_events_dropped" {
            for (kind, number) in details.as_object().unwrap() {
                *sums.entry(kind.clone()).or_default() += number.as_u64().unwrap();
            }
        } else {
            *sums.entry(kind.clone()).or_default() += details.get("times").and_then(Value::as_u64).unwrap_or(1);
        }
    }
    sums
}

#[tokio::test]
async fn an_audit_flood_writes_few_rows_and_displaces_no_refusal_of_a_signed_in_user() {
    let mut service = Plain::start(&[("RATE_LIMIT__DEFAULT", "100/min")], Stdio::null());
    let (user, token) = sign_in(&service).await;
    let before = service.resident();
    tokio::join!(
        invent_methods(&service, 0),
        invent_methods(&service, REQUESTS),
        come_from_everywhere(&service),
        try_doors(&service, &token)
    );
    let grown = service.resident().saturating_sub(before);
    let mut denied = BTreeMap::new();
    for (reason, kind) in [("rate_limit", "excess_rate_limit_exceeded"), ("credential", "authn_token_invalid"), ("policy", "authz_fail")] {
        let sample = format!("portcullis_denied_requests_total{{reason=\"{reason}\"}}");
        denied.insert(kind, service.metric(&sample).await);
    }
    let dropped = service.metric("portcullis_audit_events_dropped_total{kind=\"authn_token_invalid\"}").await;
    assert_eq!(service.terminate().code(), Some(0));

    let url = format!("sqlite://{}", service.folder().join("data/portcullis.db").display());
    let database = Database::connect(&DatabaseSettings::new(Secret::new(url))).await.unwrap();
    let events: Vec<Event> = database.query("SELECT kind, actor, details FROM portcullis_audit_events").fetch_all().await.unwrap();
    let anonymous = events.iter().filter(|(_, actor, _)| actor.is_none()).count();
    assert!((2..=1000).contains(&anonymous), "{anonymous} rows of anonymous clients");
    assert!(dropped > 300.0, "{dropped} events were counted as dropped");
    let own: Vec<&Event> = events.iter().filter(|(kind, actor, _)| kind == "authz_fail" && actor.as_ref() == Some(&user)).collect();
    assert_eq!(sums(own.into_iter()), [("authz_fail".to_owned(), REFUSALS as u64)].into());
    // Every event is in a row of its own, in a row with others that are alike, or in a summary.
    let sums = sums(events.iter());
    for (kind, number) in denied {
        assert_eq!(sums.get(kind).copied().unwrap_or_default() as f64, number, "{kind}");
    }
    for (kind, _, details) in &events {
        let details: Value = serde_json::from_str(details).unwrap();
        let endpoints = ["_OTHER unmatched", "GET /users/me", "GET /admin/users"];
        assert!(details["endpoint"].as_str().is_none_or(|endpoint| endpoints.contains(&endpoint)), "{kind}: {details}");
    }
    assert!(grown < 64 * 1024, "resident memory grew by {grown} KiB");
}
