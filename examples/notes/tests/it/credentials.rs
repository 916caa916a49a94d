//! Logging in, staying in, being thrown out.

use http::Method;
use portcullis_testing::{Answer, TestApp, check_uniform};
use serde_json::json;

on_both! {
    the_guides_flow_answers_as_the_guide_says
    incident_09_unknown_wrong_and_disabled_are_answered_alike
    incident_10_one_refresh_token_used_fifty_times_in_parallel_rotates_once
    incident_19_disabling_a_user_counts_from_the_next_request_on
    incident_20_a_session_that_was_ended_is_dead_everywhere
    a_changed_role_counts_from_the_next_request_on
    incident_21_a_token_of_somebody_else_is_refused
    incident_23_every_answer_with_a_credential_is_not_stored
    oauth_forms_follow_their_rfc
    a_cookie_session_is_defended_against_forged_requests
    public_endpoints_do_not_mind_an_old_credential_when_logging_in
}

async fn the_guides_flow_answers_as_the_guide_says(app: TestApp) {
    let alice = app.user("alice").await;
    let tokens = app.token("alice", "correct horse battery staple").await.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
    assert!(tokens["refresh_token"].is_string() && tokens["scope"].is_string());
    let me = alice.get("/users/me").await.json();
    assert_eq!((&me["username"], &me["role"]), (&json!("alice"), &json!("user")));
    assert_eq!(alice.get("/whoami").await.json(), json!({"sub": me["id"], "role": "user"}));
    let wrong = app.token("alice", "wrong").await;
    let said = json!({"error": "invalid_grant", "error_description": "Incorrect username or password", "detail": "Incorrect username or password"});
    assert_eq!((wrong.status, wrong.header("www-authenticate"), wrong.json()), (401, Some("Bearer"), said));
    let none = app.anonymous().get("/whoami").await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer realm=\"api\"")));
}

async fn incident_09_unknown_wrong_and_disabled_are_answered_alike(app: TestApp) {
    let (bob, admin) = (app.user("bob").await, app.admin().await);
    app.user("alice").await;
    let id = bob.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(admin.send(Method::POST, &format!("/admin/users/{id}/disable")).await.status, 200);
    let answers =
        [app.token("alice", "wrong").await, app.token("nobody", "wrong").await, app.token("bob", "correct horse battery staple").await];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (answers[0].status, &answers[0].body));
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(answer), names(&answers[0]));
    }
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    Answer::of(app.anonymous().form("/token", &format!("grant_type=refresh_token&refresh_token={token}")).send().await.unwrap()).await
}

async fn incident_10_one_refresh_token_used_fifty_times_in_parallel_rotates_once(app: TestApp) {
    app.user("alice").await;
    let first = app.token("alice", "correct horse battery staple").await.json()["refresh_token"].as_str().unwrap().to_owned();
    let tries = (0..50).map(|_| {
        let (caller, form) = (app.anonymous(), format!("grant_type=refresh_token&refresh_token={first}"));
        tokio::spawn(async move { Answer::of(caller.form("/token", &form).send().await.unwrap()).await })
    });
    let mut successors = std::collections::BTreeSet::new();
    for answer in tries.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert!(matches!(answer.status, 200 | 400 | 503), "{answer:?}");
        if answer.status == 200 {
            successors.insert(answer.json()["refresh_token"].as_str().unwrap().to_owned());
        }
    }
    // A retry within the grace period gets the same successor; there is never a second one.
    assert_eq!(successors.len(), 1);
    let second = successors.pop_first().unwrap();
    let third = refresh(&app, &second).await;
    assert_eq!(third.status, 200, "{third:?}");
    // The first token is two rotations old: whoever still has it stole it, and the family ends.
    let reused = refresh(&app, &first).await;
    assert_eq!((reused.status, &reused.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(refresh(&app, third.json()["refresh_token"].as_str().unwrap()).await.status, 400);
}

async fn incident_19_disabling_a_user_counts_from_the_next_request_on(app: TestApp) {
    let (alice, admin) = (app.user("alice").await, app.admin().await);
    let tokens = app.token("alice", "correct horse battery staple").await.json();
    let id = alice.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.get("/whoami").await.status, 200);
    assert_eq!(admin.send(Method::POST, &format!("/admin/users/{id}/disable")).await.status, 200);
    assert_eq!(alice.get("/whoami").await.status, 401);
    assert_eq!(refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.status, 400);
    assert_eq!(app.token("alice", "correct horse battery staple").await.status, 401);
    assert_eq!(admin.send(Method::POST, &format!("/admin/users/{id}/enable")).await.status, 200);
    assert_eq!(app.token("alice", "correct horse battery staple").await.status, 200);
}

async fn incident_20_a_session_that_was_ended_is_dead_everywhere(app: TestApp) {
    let alice = app.user("alice").await;
    let tokens = app.token("alice", "correct horse battery staple").await.json();
    let other = app.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    assert_eq!((alice.get("/whoami").await.status, other.get("/whoami").await.status), (200, 200));
    let ended = other.send(Method::POST, "/logout").await;
    assert!((200..400).contains(&ended.status), "{ended:?}");
    assert_eq!((alice.get("/whoami").await.status, other.get("/whoami").await.status), (200, 401));
    assert_eq!(refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.status, 400);
}

async fn a_changed_role_counts_from_the_next_request_on(app: TestApp) {
    let (alice, admin) = (app.user("alice").await, app.admin().await);
    let id = alice.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.get("/admin/notes").await.status, 403);
    for (role, status) in [("admin", 200), ("user", 403), ("guest", 403)] {
        assert_eq!(admin.put(&format!("/admin/users/{id}/role"), &json!({"role": role})).await.status, 200);
        assert_eq!(alice.get("/admin/notes").await.status, status, "{role}");
    }
    assert_eq!(alice.get("/notes").await.status, 403, "a guest has no notes");
    assert_eq!(admin.put(&format!("/admin/users/{id}/role"), &json!({"role": "emperor"})).await.status, 422);
}

async fn incident_21_a_token_of_somebody_else_is_refused(app: TestApp) {
    let alice = app.user("alice").await;
    let good = alice.token().unwrap().to_owned();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let claims = good.split('.').nth(1).unwrap();
    for forged in [
        format!("{head}."),
        format!("{head}.{}", "A".repeat(signature.len())),
        format!("{none}.{claims}."),
        "x".to_owned(),
        "a.b.c".to_owned(),
    ] {
        let answer = app.anonymous().with_token(&forged).get("/whoami").await;
        assert_eq!(answer.status, 401, "{forged}");
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
        check_uniform(&answer);
    }
    let two = app
        .anonymous()
        .request(Method::GET, "/whoami")
        .header("authorization", format!("Bearer {good}"))
        .header("authorization", "Bearer x");
    assert_eq!(two.send().await.unwrap().status(), 400);
    assert_eq!(app.anonymous().get(&format!("/whoami?access_token={good}")).await.status, 401, "a token in the query is no token");
}

async fn incident_23_every_answer_with_a_credential_is_not_stored(app: TestApp) {
    app.user("alice").await;
    let answer = app.token("alice", "correct horse battery staple").await;
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
    assert_eq!(app.token("alice", "wrong").await.header("cache-control"), Some("no-store"));
}

async fn oauth_forms_follow_their_rfc(app: TestApp) {
    app.user("alice").await;
    let good = "username=alice&password=correct+horse+battery+staple";
    for (form, status, error) in [
        (format!("{good}&grant_type=password&extra=foobar"), 200, ""),
        (format!("{good}&scope="), 200, ""),
        (format!("{good}&username=bob"), 400, "invalid_request"),
        ("username=alice".to_owned(), 400, "invalid_request"),
        (format!("{good}&grant_type=implicit"), 400, "unsupported_grant_type"),
        ("grant_type=refresh_token".to_owned(), 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=nope".to_owned(), 400, "invalid_grant"),
        ("username=%ff&password=x".to_owned(), 400, "invalid_request"),
    ] {
        let answer = Answer::of(app.anonymous().form("/token", &form).send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{form}: {answer:?}");
        check_uniform(&answer);
        if !error.is_empty() {
            assert_eq!(answer.json()["error"], error, "{form}");
        }
    }
    let get = app.anonymous().get("/token?username=alice").await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
}

async fn a_cookie_session_is_defended_against_forged_requests(app: TestApp) {
    app.user("alice").await;
    let form = "username=alice&password=correct+horse+battery+staple";
    let forged = app.anonymous().form("/login", form).header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(forged.status(), 403, "a log-in form of another site");
    let answer = app.anonymous().form("/login", form).header("sec-fetch-site", "same-origin").send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("__Host-session=")
            && cookie.contains("; Secure")
            && cookie.contains("; HttpOnly")
            && cookie.contains("; Path=/"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap().to_owned();
    let ask = async |method: Method, path: &str, site: Option<&str>| {
        let mut request = app.anonymous().request(method, path).header("cookie", &pair);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        Answer::of(request.header("content-type", "application/json").body("{\"title\":\"x\"}").send().await.unwrap()).await.status
    };
    assert_eq!(ask(Method::GET, "/whoami", Some("cross-site")).await, 200);
    assert_eq!(ask(Method::POST, "/notes", Some("same-origin")).await, 201);
    for site in [Some("cross-site"), Some("same-site"), None] {
        assert_eq!(ask(Method::POST, "/notes", site).await, 403, "{site:?}");
    }
}

async fn public_endpoints_do_not_mind_an_old_credential_when_logging_in(app: TestApp) {
    app.user("alice").await;
    let form = "username=alice&password=correct+horse+battery+staple";
    let answer = app.anonymous().with_token("a.b.c").form("/token", form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(app.anonymous().with_token("a.b.c").get("/livez").await.status, 401, "elsewhere a bad token is refused");
}
