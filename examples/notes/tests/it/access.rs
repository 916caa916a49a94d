//! Who may do what.

use std::path::Path;

use http::Method;
use portcullis_testing::{TestApp, check_matrix};
use serde_json::json;

use crate::support::{path_of, write_note};

on_both! {
    a_note_is_written_read_changed_listed_and_thrown_away
    a_note_does_not_exist_for_anybody_else
    every_cell_of_the_access_matrix_holds
    incident_37_a_body_confers_no_identity_and_no_rights
    incident_39_every_route_denies_anonymous_callers_unless_it_is_on_the_list
    incident_05_variants_of_a_path_skip_nothing
    a_list_goes_on_where_it_ended
    administrators_see_every_note
}

async fn a_note_is_written_read_changed_listed_and_thrown_away(app: TestApp) {
    let alice = app.user("alice").await;
    let note = write_note(&alice, "First").await;
    let path = path_of(&note);
    assert_eq!(alice.get(&path).await.json(), note);
    let changed = alice.put(&path, &json!({"title": "Second"})).await;
    assert_eq!((changed.status, &changed.json()["title"], &changed.json()["body"]), (200, &json!("Second"), &json!("")));
    assert_eq!(alice.get("/notes").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(alice.get(&path).await.status, 404);
    assert_eq!(alice.get("/notes").await.json(), json!({"items": []}));
}

async fn a_note_does_not_exist_for_anybody_else(app: TestApp) {
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin().await);
    let path = path_of(&write_note(&alice, "Mine").await);
    let missing = "/notes/01a20b76-fbe2-78ee-a610-85dc4692c438";
    for caller in [&bob, &admin] {
        for method in [Method::GET, Method::DELETE] {
            let (foreign, absent) = (caller.send(method.clone(), &path).await, caller.send(method, missing).await);
            assert_eq!(foreign.status, 404);
            // Nothing tells a foreign note from one that never was.
            let without_instance = |answer: &portcullis_testing::Answer| {
                let mut body = answer.json();
                body["instance"].take();
                body
            };
            assert_eq!(without_instance(&foreign), without_instance(&absent));
        }
        assert_eq!(caller.put(&path, &json!({"title": "Theirs"})).await.status, 404);
    }
    for id in ["x", "...", "01A20B76-FBE2-78EE-A610-85DC4692C438", "1 OR 1=1", "%00", "%ff"] {
        assert_eq!(alice.get(&format!("/notes/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(app.anonymous().get(&path).await.status, 401);
    assert_eq!(alice.get(&path).await.json()["title"], "Mine");
}

async fn every_cell_of_the_access_matrix_holds(app: TestApp) {
    let (anonymous, user, admin) = (app.anonymous(), app.user("alice").await, app.admin().await);
    let guest = app.user("gus").await;
    let id = guest.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(admin.put(&format!("/admin/users/{id}/role"), &json!({"role": "guest"})).await.status, 200);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix.golden");
    let callers = [("anonymous", &anonymous), ("guest", &guest), ("user", &user), ("admin", &admin)];
    let owner = app.user("olga").await;
    let note = write_note(&owner, "Olga's").await;
    check_matrix(&app, &golden, &callers, &[("/notes/{id}", note["id"].as_str().unwrap())]).await;
    assert_eq!(owner.get(&path_of(&note)).await.json(), note, "nobody's knocking changed it");
}

async fn incident_37_a_body_confers_no_identity_and_no_rights(app: TestApp) {
    let alice = app.user("alice").await;
    for extra in ["owner", "owner_id", "userId", "role", "id", "is_admin"] {
        let answer = alice.post("/notes", &json!({"title": "x", extra: "root"})).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &json!("unknown_field")), "{extra}");
        let new = json!({"username": "eve", "password": "correct horse battery staple", extra: "admin"});
        assert_eq!(app.anonymous().post("/users", &new).await.status, 422, "{extra}");
        let answer = alice.json(Method::PATCH, "/users/me", &json!({extra: "admin"})).await;
        assert_eq!(answer.status, 422, "{extra}");
    }
    assert_eq!(alice.get("/whoami").await.json()["role"], "user");
}

async fn incident_39_every_route_denies_anonymous_callers_unless_it_is_on_the_list(app: TestApp) {
    let open: Vec<&str> = app
        .matrix()
        .lines()
        .skip(1)
        .filter(|line| line.split_whitespace().nth(2) == Some("yes"))
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    let listed = [
        "/",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/account/style.css",
        "/docs",
        "/docs/assets/{file}",
        "/livez",
        "/login",
        "/login",
        "/openapi.json",
        "/readyz",
        "/redoc",
        "/set-password",
        "/set-password",
        "/setup",
        "/setup",
        "/token",
        "/users",
    ];
    assert_eq!(open, listed);
}

async fn incident_05_variants_of_a_path_skip_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    for path in ["//whoami", "/whoami/", "/WhoAmI", "/./whoami", "/x/../whoami", "/%77hoami", "/whoami;x", "/admin//notes", "/Admin/notes"]
    {
        let answer = alice.get(path).await;
        assert!(answer.status == 404 || path.contains("..") || path.contains("/./"), "{path}: {answer:?}");
        assert!(!matches!(app.anonymous().get(path).await.status, 200..=399), "{path}");
    }
}

async fn a_list_goes_on_where_it_ended(app: TestApp) {
    let alice = app.user("alice").await;
    for number in 0..5 {
        write_note(&alice, &format!("{number}")).await;
    }
    let (mut titles, mut path) = (Vec::new(), "/notes?limit=2".to_owned());
    loop {
        let page = alice.get(&path).await.json();
        titles.extend(page["items"].as_array().unwrap().iter().map(|note| note["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/notes?limit=2&cursor={next}");
    }
    titles.sort();
    assert_eq!(titles, ["0", "1", "2", "3", "4"]);
}

async fn administrators_see_every_note(app: TestApp) {
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin().await);
    write_note(&alice, "A").await;
    write_note(&bob, "B").await;
    assert_eq!(admin.get("/admin/notes").await.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(alice.get("/notes").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(alice.get("/admin/notes").await.status, 403);
}
