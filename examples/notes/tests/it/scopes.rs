//! What a token can do that is restricted to scopes.

use http::Method;
use portcullis_testing::{Answer, Caller, TestApp, check_scopes, check_uniform};
use serde_json::{Value, json};

use crate::support::{path_of, write_note};

on_both! {
    every_endpoint_refuses_a_token_whose_scopes_it_does_not_name
    an_administrators_token_for_reading_notes_administers_nothing
    a_token_with_scopes_does_what_its_scopes_say
    no_way_leads_from_a_restricted_token_to_an_unrestricted_one
    a_changed_password_gives_tokens_with_the_same_scopes
    a_token_with_any_scopes_logs_out
    the_scope_parameter_follows_its_rfc
    documents_list_the_scopes
}

async fn every_endpoint_refuses_a_token_whose_scopes_it_does_not_name(app: TestApp) {
    app.admin().await;
    let scopes = ["notes:read", "notes:write", "admin:notes", "account:read", "account:write", "admin:users", "admin:audit"];
    let mut callers = Vec::new();
    for scope in scopes {
        callers.push((scope, app.log_in_with_scope("root", scope).await));
    }
    callers.push(("notes:read admin:users", app.log_in_with_scope("root", "notes:read admin:users").await));
    let callers: Vec<_> = callers.iter().map(|(scope, caller)| (*scope, caller)).collect();
    check_scopes(&app, &callers).await;
}

/// Wants 403 `insufficient_scope`, with the challenge.
fn is_insufficient(answer: &Answer, scope: Option<&str>) {
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("insufficient_scope")), "{answer:?}");
    let named = scope.map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
    let challenge = format!("Bearer realm=\"api\", error=\"insufficient_scope\"{named}");
    assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
    check_uniform(answer);
}

async fn an_administrators_token_for_reading_notes_administers_nothing(app: TestApp) {
    let root = app.admin().await;
    let reader = app.log_in_with_scope("root", "notes:read").await;
    assert_eq!(reader.get("/notes").await.status, 200);
    is_insufficient(&reader.get("/admin/users").await, Some("admin:users"));
    is_insufficient(&reader.post("/admin/users", &json!({"username": "eve", "role": "admin"})).await, None);
    is_insufficient(&reader.json(Method::PATCH, "/users/me", &json!({"email": "eve@example.com"})).await, Some("account:write"));
    is_insufficient(&reader.get("/users/me").await, Some("account:read"));
    is_insufficient(&reader.get("/admin/audit").await, Some("admin:audit"));
    is_insufficient(&reader.post("/notes", &json!({"title": "x"})).await, Some("notes:write"));
    let me = root.get("/users/me").await.json();
    assert_eq!(me["email"], Value::Null);
    assert_eq!(root.get("/admin/users").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(reader.get("/livez").await.status, 200, "what is public is for everyone");
}

async fn a_token_with_scopes_does_what_its_scopes_say(app: TestApp) {
    let alice = app.user("alice").await;
    let note = path_of(&write_note(&alice, "Mine").await);
    let (reader, writer) = (app.log_in_with_scope("alice", "notes:read").await, app.log_in_with_scope("alice", "notes:write").await);
    assert_eq!(reader.get(&note).await.status, 200);
    is_insufficient(&reader.delete(&note).await, Some("notes:write"));
    is_insufficient(&writer.get(&note).await, Some("notes:read"));
    // Nothing is said about the object: a foreign one looks like one's own.
    is_insufficient(&writer.get("/notes/01a20b76-fbe2-78ee-a610-85dc4692c438").await, Some("notes:read"));
    assert_eq!(writer.delete(&note).await.status, 204);
    let both = app.log_in_with_scope("alice", "notes:write notes:read").await;
    let note = path_of(&write_note(&both, "Both").await);
    assert_eq!(both.get(&note).await.status, 200);
    // A scope gives no role.
    let would_be = app.log_in_with_scope("alice", "admin:users admin:notes").await;
    let forbidden = would_be.get("/admin/users").await;
    assert_eq!((forbidden.status, &forbidden.json()["code"]), (403, &json!("forbidden")));
}

async fn token(app: &TestApp, form: &str) -> Value {
    let answer = Answer::of(app.anonymous().form("/token", form).send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{form}: {answer:?}");
    answer.json()
}

fn bearer(app: &TestApp, tokens: &Value) -> Caller {
    app.anonymous().with_token(tokens["access_token"].as_str().unwrap())
}

async fn no_way_leads_from_a_restricted_token_to_an_unrestricted_one(app: TestApp) {
    let root = app.admin().await;
    let id = root.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    let tokens = token(&app, &format!("{ROOT}&scope=notes:read+admin:users+account:write")).await;
    assert_eq!(tokens["scope"], "account:write admin:users notes:read");
    let restricted = bearer(&app, &tokens);
    assert_eq!(restricted.get("/admin/users").await.status, 200);
    // Whoever can make links, accounts or administrators can sign in without scopes: no scope gives that.
    let user = format!("/admin/users/{id}");
    is_insufficient(&restricted.send(Method::POST, &format!("{user}/password-link")).await, None);
    is_insufficient(&restricted.post("/admin/users", &json!({"username": "eve", "role": "admin"})).await, None);
    is_insufficient(&restricted.put(&format!("{user}/role"), &json!({"role": "admin"})).await, None);
    is_insufficient(&restricted.send(Method::POST, &format!("{user}/enable")).await, None);
    // Refreshing widens nothing, whatever is asked for.
    let refresh = format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    for wider in ["notes:read+admin:audit", "notes:write", "*", "notes"] {
        let answer = Answer::of(app.anonymous().form("/token", &format!("{refresh}&scope={wider}")).send().await.unwrap()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_scope")), "{wider}");
    }
    for same in ["", "&scope="] {
        let again = token(&app, &format!("{refresh}{same}")).await;
        assert_eq!(again["scope"], tokens["scope"], "{same}");
        is_insufficient(&bearer(&app, &again).get("/admin/audit").await, Some("admin:audit"));
    }
    // The token is no credential of a browser.
    let pair = format!("__Host-session={}", tokens["access_token"].as_str().unwrap());
    let as_cookie = app.anonymous().request(Method::GET, "/users/me").header("cookie", &pair).send().await.unwrap();
    assert_eq!(as_cookie.status(), 401);
}

async fn a_changed_password_gives_tokens_with_the_same_scopes(app: TestApp) {
    app.admin().await;
    let restricted = app.log_in_with_scope("root", "account:write notes:read").await;
    let change = json!({"old_password": PASSWORD, "new_password": "another battery horse staple"});
    let changed = restricted.post("/users/me/password", &change).await;
    assert_eq!((changed.status, &changed.json()["scope"]), (200, &json!("account:write notes:read")), "{changed:?}");
    let tokens = changed.json();
    assert_eq!(bearer(&app, &tokens).get("/notes").await.status, 200);
    is_insufficient(&bearer(&app, &tokens).get("/admin/users").await, Some("admin:users"));
    let refreshed = token(&app, &format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap())).await;
    assert_eq!(refreshed["scope"], "account:write notes:read");
    is_insufficient(&bearer(&app, &refreshed).get("/admin/users").await, Some("admin:users"));

    // A refresh may have narrowed the token further than its session: the new session is as narrow as the token.
    let narrow = format!("grant_type=refresh_token&refresh_token={}&scope=account:write", refreshed["refresh_token"].as_str().unwrap());
    let narrow = bearer(&app, &token(&app, &narrow).await);
    let change = json!({"old_password": "another battery horse staple", "new_password": PASSWORD});
    assert_eq!(narrow.post("/users/me/password", &change).await.json()["scope"], "account:write");
    assert_eq!(app.log_in("root").await.get("/admin/users").await.status, 200, "who proves the password anew is restricted by nothing");
}

async fn a_token_with_any_scopes_logs_out(app: TestApp) {
    app.user("alice").await;
    for path in ["/logout", "/logout/everywhere"] {
        let reader = app.log_in_with_scope("alice", "notes:read").await;
        assert_eq!(reader.get("/notes").await.status, 200);
        assert_eq!(reader.send(Method::POST, path).await.status, 204, "{path}");
        assert_eq!(reader.get("/notes").await.status, 401, "{path}");
    }
}

async fn the_scope_parameter_follows_its_rfc(app: TestApp) {
    app.admin().await;
    for (scope, granted) in [
        ("", ""),
        ("notes:read", "notes:read"),
        ("notes:write+notes:read", "notes:read notes:write"),
        ("notes:read+notes:read", "notes:read"),
    ] {
        assert_eq!(token(&app, &format!("{ROOT}&scope={scope}")).await["scope"], granted, "{scope}");
    }
    assert_eq!(token(&app, ROOT).await["scope"], "");
    let long = vec!["notes:read"; 100].join("+");
    for refused in [
        "notes",
        "notes:read+other",
        "Notes:read",
        "+notes:read",
        "notes:read+",
        "notes:read++notes:write",
        "+",
        "%22",
        "a%5Cb",
        "%C3%A9",
        &long,
    ] {
        let answer = Answer::of(app.anonymous().form("/token", &format!("{ROOT}&scope={refused}")).send().await.unwrap()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_scope")), "{refused}");
        check_uniform(&answer);
    }
}

async fn documents_list_the_scopes(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let scopes = &document["components"]["securitySchemes"]["password"]["flows"]["password"]["scopes"];
    assert_eq!((&scopes["notes:read"], &scopes["account:read"]), (&json!("Read your notes"), &json!("Read your account")));
    let security = |method: &str, path: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(security("get", "/notes"), json!([{"password": ["notes:read"]}, {"bearer": []}]));
    assert_eq!(security("delete", "/notes/{id}"), json!([{"password": ["notes:write"]}, {"bearer": []}]));
    assert_eq!(security("post", "/logout"), json!([{"password": []}, {"bearer": []}]));
    let invite = &document["paths"]["/admin/users"]["post"];
    assert_eq!(invite["security"], json!([{"password": []}, {"bearer": []}]));
    assert!(invite["description"].as_str().unwrap().contains("A token with scopes doesn't pass."));
    assert_eq!(security("post", "/token"), json!([]));
    let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.json();
    let supported: Vec<&str> = metadata["scopes_supported"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    let mut described: Vec<&str> = scopes.as_object().unwrap().keys().map(String::as_str).collect();
    let mut supported = supported;
    supported.sort_unstable();
    described.sort_unstable();
    assert_eq!(supported, described);
    // Every scope that an operation asks for is described.
    for operation in document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()) {
        for scope in operation["security"].as_array().unwrap().iter().flat_map(|one| one["password"].as_array().into_iter().flatten()) {
            assert!(scopes[scope.as_str().unwrap()].is_string(), "{scope}");
        }
    }
}

const PASSWORD: &str = "correct horse battery staple";
const ROOT: &str = "username=root&password=correct+horse+battery+staple";
