//! Input that is wrong, too much, or meant to hurt.

use http::Method;
use portcullis_testing::{TestApp, check_uniform};
use serde_json::{Value, json};

use crate::support::write_note;

on_both! {
    every_failing_field_is_named_and_nothing_is_echoed
    broken_bodies_are_refused_in_their_own_way
    too_much_is_refused_before_it_is_read
    hostile_text_is_data
    incident_41_forged_cursors_are_refused
    incident_45_absurd_numbers_never_panic
}

async fn every_failing_field_is_named_and_nothing_is_echoed(app: TestApp) {
    let alice = app.user("alice").await;
    let secret = "hunter2-hunter2-hunter2";
    let body = json!({"title": "", "body": {"x": secret}, "tags": ["ok", "NOT OK", 7], "password": secret});
    let answer = alice.post("/notes", &body).await;
    assert_eq!(answer.status, 422);
    check_uniform(&answer);
    assert!(!answer.text().contains(secret), "{answer:?}");
    let mut errors: Vec<(String, String)> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned()))
        .collect();
    errors.sort();
    let expected = [
        ("/body", "wrong_type"),
        ("/password", "unknown_field"),
        ("/tags/1", "wrong_type"),
        ("/tags/2", "wrong_type"),
        ("/title", "too_short"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

async fn broken_bodies_are_refused_in_their_own_way(app: TestApp) {
    let alice = app.user("alice").await;
    let json = "application/json";
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        (json, b"".to_vec(), 400),
        (json, b"{".to_vec(), 400),
        (json, b"{\"title\":\"x\",}".to_vec(), 400),
        (json, b"\xff\xfe".to_vec(), 400),
        (json, b"{\"title\":\"\xff\"}".to_vec(), 400),
        (json, deep.into_bytes(), 400),
        (json, b"[]".to_vec(), 422),
        (json, b"[\"x\",\"y\",[]]".to_vec(), 422),
        (json, b"null".to_vec(), 422),
        (json, b"\"x\"".to_vec(), 422),
        (json, b"{\"title\":\"x\",\"title\":\"y\"}".to_vec(), 422),
        (json, b"{\"title\":1}".to_vec(), 422),
        (json, b"{\"title\":null}".to_vec(), 422),
        (json, "{\"title\":\"a\u{202e}b\"}".as_bytes().to_vec(), 422),
        (json, b"{\"title\":\"a\\u0000b\"}".to_vec(), 422),
        ("application/json; charset=latin1", b"{\"title\":\"x\"}".to_vec(), 415),
        ("text/plain", b"{\"title\":\"x\"}".to_vec(), 415),
        ("application/x-www-form-urlencoded", b"title=x".to_vec(), 415),
        ("multipart/form-data; boundary=x", b"--x--".to_vec(), 415),
        ("", b"{\"title\":\"x\"}".to_vec(), 415),
    ];
    for (media_type, body, status) in cases {
        let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
        let answer = alice.raw(Method::POST, "/notes", media_type, body).await;
        assert_eq!(answer.status, status, "{media_type} {shown}: {answer:?}");
        check_uniform(&answer);
    }
    assert_eq!(alice.raw(Method::POST, "/notes", "application/json; charset=UTF-8", b"{\"title\":\"x\"}".to_vec()).await.status, 201);
    assert_eq!(alice.get("/notes").await.json()["items"].as_array().unwrap().len(), 1);
}

async fn too_much_is_refused_before_it_is_read(app: TestApp) {
    let alice = app.user("alice").await;
    let large = json!({"title": "x", "body": "y".repeat(2 * 1024 * 1024)}).to_string().into_bytes();
    let answer = alice.raw(Method::POST, "/notes", "application/json", large).await;
    assert_eq!(answer.status, 413);
    check_uniform(&answer);
    for (name, value) in [("title", "x".repeat(201)), ("body", "x".repeat(10_001))] {
        let mut body = json!({"title": "x"});
        body[name] = Value::from(value);
        assert_eq!(alice.post("/notes", &body).await.status, 422, "{name}");
    }
    assert_eq!(alice.post("/notes", &json!({"title": "x", "tags": vec!["a"; 21]})).await.status, 422);
    // A compressed body could hold anything: it is refused for its coding, whatever it says it is.
    for coding in ["gzip", "br", "identity"] {
        let request = alice.request(Method::POST, "/notes").header("content-type", "application/json").header("content-encoding", coding);
        assert_eq!(request.body("{\"title\":\"x\"}").send().await.unwrap().status(), 415, "{coding}");
    }
    assert_eq!(alice.get(&format!("/notes?limit=1&cursor={}", "a".repeat(9000))).await.status, 414);
    assert_eq!(alice.get("/whoami").await.status, 200, "the service goes on");
}

async fn hostile_text_is_data(app: TestApp) {
    let alice = app.user("alice").await;
    for text in ["'; DROP TABLE notes; --", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "../../etc/passwd", "%s%n", "🦀"]
    {
        let note = write_note(&alice, text).await;
        assert_eq!(note["title"], text);
        let read = alice.get(&crate::support::path_of(&note)).await;
        assert_eq!(read.json()["title"], text);
        assert_eq!(read.header("content-type"), Some("application/json"));
        check_uniform(&read);
    }
    assert_eq!(alice.get("/notes").await.json()["items"].as_array().unwrap().len(), 7);
}

async fn incident_41_forged_cursors_are_refused(app: TestApp) {
    let (alice, admin) = (app.user("alice").await, app.admin().await);
    for _ in 0..3 {
        write_note(&alice, "x").await;
    }
    let cursor = alice.get("/notes?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    let mut changed = cursor.clone().into_bytes();
    changed[5] = if changed[5] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for forged in [changed.as_str(), "", "x", "MQ", "' OR 1=1 --"] {
        let answer = alice.get(&format!("/notes?cursor={forged}")).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &json!("cursor")), "{forged}");
    }
    assert_eq!(admin.get(&format!("/admin/notes?cursor={cursor}")).await.status, 422, "a cursor is good for its own list only");
}

async fn incident_45_absurd_numbers_never_panic(app: TestApp) {
    let alice = app.user("alice").await;
    for limit in ["0", "-1", "101", "4294967296", "99999999999999999999", "1e3", "0x10", "NaN", "", "%00", "1&limit=2"] {
        let answer = alice.get(&format!("/notes?limit={limit}")).await;
        assert_eq!(answer.status, 422, "{limit}");
        check_uniform(&answer);
    }
    assert_eq!(alice.get("/notes?unknown=1").await.status, 422);
    assert!(!app.log().contains("panic"));
}
