//! The routes over HTTPS, as clients see them.

use std::net::SocketAddr;
use std::time::Duration;

use portcullis_accounts::{Accounts, WithAccounts as _};
use portcullis_core::password::HashingCost;
use portcullis_core::{Clock, ManualClock, RoleEntry, RoleKind};
use portcullis_web::app::App;
use portcullis_web::app::config::Source;
use portcullis_web::observe::LogSink;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};

use crate::support::{OTHER, PASSWORD, ROLES};

#[derive(Clone, Copy, Debug)]
struct Role;

impl RoleKind for Role {
    const ROLES: &'static [RoleEntry] = ROLES;
    fn entry(self) -> &'static RoleEntry {
        &ROLES[0]
    }
}

/// A running service with its first administrator's link.
pub(crate) struct Service {
    address: SocketAddr,
    client: Client,
    pub(crate) hand: ManualClock,
    pub(crate) link: String,
    pub(crate) log: LogSink,
    #[expect(dead_code, reason = "kept until it is dropped")]
    folder: tempfile::TempDir,
}

impl Service {
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let fixed = [
            ("PORTCULLIS_LISTEN", "127.0.0.1:0"),
            ("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0"),
            ("PORTCULLIS_DATA_DIR", data.as_str()),
            ("PORTCULLIS_RATE_LIMIT__CREDENTIALS", "10000/min"),
            ("PORTCULLIS_ACCOUNTS__FAILURES_PER_ADDRESS", "1000"),
        ];
        let variables = fixed.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (clock, hand) = Clock::manual(Clock::system().now());
        let mut app = App::<Role>::new("Test").accounts(Accounts::default().cost(HashingCost::dangerous_cheap())).clock(clock);
        let settings = app.settings(&Source { file: None, environment: variables.collect() }).unwrap();
        let log = LogSink::memory();
        let running = app.start(settings, log.clone()).await.unwrap();
        let (address, link) = (running.address(), running.announcements().join(" "));
        tokio::spawn(running.serve());
        let ca = std::fs::read(folder.path().join("data/tls/ca.pem")).unwrap();
        let client = Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .resolve("localhost", address)
            .build()
            .unwrap();
        Self { address, client, hand, link, log, folder }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("https://localhost:{}{path}", self.address.port()))
    }

    pub(crate) async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Response {
        self.request(Method::POST, path).form(pairs).send().await.unwrap()
    }

    pub(crate) async fn page_form(&self, path: &str, pairs: &[(&str, &str)]) -> Response {
        self.request(Method::POST, path).header("sec-fetch-site", "same-origin").form(pairs).send().await.unwrap()
    }

    pub(crate) async fn register(&self, name: &str) -> Value {
        let response = self.request(Method::POST, "/users").json(&json!({"username": name, "password": PASSWORD})).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    pub(crate) async fn log_in(&self, name: &str) -> Value {
        let response = self.form("/token", &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    /// The first administrator, made through the link, and logged in.
    pub(crate) async fn administrator(&self) -> String {
        let code = self.link.split("code=").nth(1).unwrap().to_owned();
        let made = self.page_form("/setup", &[("code", &code), ("username", "root"), ("password", PASSWORD)]).await;
        assert_eq!((made.status(), made.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/login"));
        token(&self.log_in("root").await)
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.request(method, path).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap_or(Value::Null))
    }
}

pub(crate) fn token(grant: &Value) -> String {
    grant["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_answers_as_the_guide_says() {
    let service = Service::start(&[]).await;
    let user = service.register("ann").await;
    assert_eq!((user["username"].as_str(), user["role"].as_str()), (Some("ann"), Some("user")));
    let response =
        service.form("/token", &[("grant_type", "password"), ("username", "ann"), ("password", PASSWORD), ("scope", ""), ("x", "y")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [("cache-control", "no-store"), ("pragma", "no-cache"), ("content-type", "application/json")] {
        assert_eq!(response.headers()[name], value, "incident 23");
    }
    let grant: Value = response.json().await.unwrap();
    let mut names: Vec<_> = grant.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
    assert_eq!((grant["token_type"].as_str(), grant["expires_in"].as_u64()), (Some("bearer"), Some(1800)));

    let wrong = service.form("/token", &[("username", "ann"), ("password", OTHER)]).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.headers()["www-authenticate"], "Bearer");
    assert_eq!(wrong.headers()["cache-control"], "no-store");
    let text = "Incorrect username or password";
    assert_eq!(wrong.json::<Value>().await.unwrap(), json!({"error": "invalid_grant", "error_description": text, "detail": text}));
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_09_unknown_wrong_locked_and_disabled_are_one_answer() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let disabled = service.register("bob").await["id"].as_str().unwrap().to_owned();
    assert_eq!(service.call(Method::POST, &format!("/admin/users/{disabled}/disable"), &root, None).await.0, StatusCode::OK);
    service.register("ann").await;
    service.register("locked").await;
    for _ in 0..5 {
        service.form("/token", &[("username", "locked"), ("password", OTHER)]).await;
    }
    let mut answers = std::collections::BTreeSet::new();
    for (name, password) in
        [("nobody", PASSWORD), ("ann", OTHER), ("bob", PASSWORD), ("locked", PASSWORD), ("a@b.example", "x"), ("\u{0}", "x")]
    {
        let response = service.form("/token", &[("username", name), ("password", password)]).await;
        let changing = ["date", "x-request-id", "ratelimit"];
        let headers: Vec<String> =
            response.headers().iter().filter(|(name, _)| !changing.contains(&name.as_str())).map(|pair| format!("{pair:?}")).collect();
        answers.insert((response.status().as_u16(), headers, response.text().await.unwrap()));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_token_requests_get_the_oauth_form_of_errors() {
    let service = Service::start(&[]).await;
    for (body, error) in [
        ("username=a&username=b&password=c", "invalid_request"),
        ("username=a", "invalid_request"),
        ("", "invalid_request"),
        ("grant_type=authorization_code&code=x", "unsupported_grant_type"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
        ("username=a&password=b&scope=%22", "invalid_scope"),
    ] {
        let request = service.request(Method::POST, "/token").header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.json::<Value>().await.unwrap()["error"], error, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_and_changes_the_own_account_and_nothing_else() {
    let service = Service::start(&[]).await;
    service.register("ann").await;
    let ann = token(&service.log_in("ann").await);
    let call = |method, path, body| service.call(method, path, &ann, body);
    assert_eq!(call(Method::GET, "/users/me", None).await.1["username"], "ann");
    let (status, user) = call(Method::PATCH, "/users/me", Some(json!({"email": "Ann@Example.com"}))).await;
    assert_eq!((status, &user["email"], &user["email_verified"]), (StatusCode::OK, &json!("Ann@example.com"), &json!(false)));
    assert_eq!(call(Method::PATCH, "/users/me", Some(json!({}))).await.1["email"], "Ann@example.com");
    assert_eq!(call(Method::PATCH, "/users/me", Some(json!({"email": null}))).await.1["email"], Value::Null);
    // Incident 37: what isn't the user's to say is refused, not ignored.
    for body in [json!({"role": "admin"}), json!({"id": "x"}), json!({"disabled": false}), json!({"email": "a\u{ff20}b@c.example"})] {
        assert_eq!(call(Method::PATCH, "/users/me", Some(body)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for path in ["/admin/users", "/admin/roles", "/admin/audit"] {
        assert_eq!(call(Method::GET, path, None).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let id = user["id"].as_str().unwrap();
    assert_eq!(call(Method::PUT, &format!("/admin/users/{id}/role"), Some(json!({"role": "admin"}))).await.0, StatusCode::FORBIDDEN);
    assert_eq!(service.request(Method::GET, "/users/me").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changes_and_a_refusal_says_why() {
    let service = Service::start(&[]).await;
    service.register("ann").await;
    let ann = token(&service.log_in("ann").await);
    let change = |old: &str, new: &str| {
        service.call(Method::POST, "/users/me/password", &ann, Some(json!({"old_password": old, "new_password": new})))
    };
    for (old, new, pointer, code) in [
        (OTHER, OTHER, "/old_password", "wrong_password"),
        (PASSWORD, "tiny one", "/new_password", "password_too_short"),
        (PASSWORD, "123456789987654321", "/new_password", "password_common"),
    ] {
        let (status, problem) = change(old, new).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
        assert!(!problem.to_string().contains(new), "never echoed");
    }
    let (status, grant) = change(PASSWORD, OTHER).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(service.call(Method::GET, "/users/me", &ann, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(service.call(Method::GET, "/users/me", &token(&grant), None).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_19_and_20_what_is_taken_away_is_gone_on_the_next_request() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let id = service.register("ann").await["id"].as_str().unwrap().to_owned();
    let grant = service.log_in("ann").await;
    let ann = token(&grant);
    let mine = || service.call(Method::GET, "/users/me", &ann, None);
    for _ in 0..3 {
        assert_eq!(mine().await.0, StatusCode::OK, "remembered");
    }
    let role = service.call(Method::PUT, &format!("/admin/users/{id}/role"), &root, Some(json!({"role": "manager"}))).await;
    assert_eq!((role.0, role.1["role"].as_str()), (StatusCode::OK, Some("manager")));
    assert_eq!(service.call(Method::GET, "/admin/users", &root, None).await.0, StatusCode::OK);
    assert_eq!(service.call(Method::POST, &format!("/admin/users/{id}/disable"), &root, None).await.0, StatusCode::OK);
    assert_eq!(mine().await.0, StatusCode::UNAUTHORIZED);
    let refresh =
        service.form("/token", &[("grant_type", "refresh_token"), ("refresh_token", grant["refresh_token"].as_str().unwrap())]).await;
    assert_eq!(refresh.status(), StatusCode::BAD_REQUEST);
    assert_eq!(service.call(Method::POST, &format!("/admin/users/{id}/enable"), &root, None).await.0, StatusCode::OK);
    let again = token(&service.log_in("ann").await);
    assert_eq!(service.call(Method::GET, "/users/me", &again, None).await.0, StatusCode::OK);
    assert_eq!(service.call(Method::POST, "/logout", &again, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(service.call(Method::GET, "/users/me", &again, None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_invite_list_and_audit() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    service.hand.advance(Duration::from_secs(1));
    let (status, invitation) = service.call(Method::POST, "/admin/users", &root, Some(json!({"username": "bob", "role": "user"}))).await;
    assert_eq!(status, StatusCode::CREATED);
    let code = invitation["set_password_link"].as_str().unwrap().split("code=").nth(1).unwrap().to_owned();
    let refused = service.page_form("/set-password", &[("code", &code), ("password", "short")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("at least 15"));
    assert_eq!(service.page_form("/set-password", &[("code", &code), ("password", PASSWORD)]).await.status(), StatusCode::SEE_OTHER);
    service.log_in("bob").await;

    let (_, first) = service.call(Method::GET, "/admin/users?limit=1", &root, None).await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = service.call(Method::GET, &format!("/admin/users?limit=1&cursor={next}"), &root, None).await;
    assert_eq!((&first["items"][0]["username"], &second["items"][0]["username"]), (&json!("root"), &json!("bob")));
    let forged = format!("/admin/users?limit=1&cursor={next}x");
    assert_eq!(service.call(Method::GET, &forged, &root, None).await.0, StatusCode::UNPROCESSABLE_ENTITY, "incident 41");
    let id = first["items"][0]["id"].as_str().unwrap();
    let (status, problem) = service.call(Method::POST, &format!("/admin/users/{id}/disable"), &root, None).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("last_administrator")));
    assert_eq!(service.call(Method::GET, "/admin/users/00000000-0000-7000-8000-000000000000", &root, None).await.0, StatusCode::NOT_FOUND);

    let (_, audit) = service.call(Method::GET, "/admin/audit?limit=100", &root, None).await;
    let kinds: Vec<&str> = audit["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    for kind in ["user_created", "authn_login_success", "authn_password_change"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    for secret in [PASSWORD, code.as_str(), "argon2", root.as_str()] {
        assert!(!audit.to_string().contains(secret) && !service.log.text().contains(secret), "incident 40: {secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_logs_in_with_a_cookie_and_only_from_our_own_page() {
    let service = Service::start(&[]).await;
    service.register("ann").await;
    let page = service.request(Method::GET, "/login").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let html = page.text().await.unwrap();
    assert!(html.contains("<form") && !html.contains("<script") && !html.contains("style="));
    let pairs = [("username", "ann"), ("password", PASSWORD)];
    let cross = service.request(Method::POST, "/login").header("sec-fetch-site", "cross-site").form(&pairs).send().await.unwrap();
    assert_eq!(cross.status(), StatusCode::FORBIDDEN);
    let wrong = service.page_form("/login", &[("username", "<b>ann"), ("password", OTHER)]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = wrong.text().await.unwrap();
    assert!(!html.contains("<b>ann") && !html.contains(OTHER));

    let right = service.page_form("/login", &pairs).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let cookie = right.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-session=") && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = service.request(Method::GET, "/users/me").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::OK);
    // Incident 36: another site cannot end the session.
    let out = |site: &'static str| service.request(Method::POST, "/logout").header("cookie", &cookie).header("sec-fetch-site", site).send();
    assert_eq!(out("cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
    let gone = out("same-origin").await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(gone.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert!(gone.headers().contains_key("clear-site-data"));
    let me = service.request(Method::GET, "/users/me").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_names_what_is_there() {
    let service = Service::start(&[("PORTCULLIS_ACCOUNTS__PASSWORD_GRANT", "false"), ("PORTCULLIS_ACCOUNTS__REGISTRATION", "false")]).await;
    let metadata: Value =
        service.request(Method::GET, "/.well-known/oauth-authorization-server").send().await.unwrap().json().await.unwrap();
    assert_eq!((&metadata["issuer"], &metadata["grant_types_supported"]), (&json!("https://localhost:8443"), &json!(["refresh_token"])));
    let keys = service.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap();
    assert_eq!(keys.headers()["cache-control"], "public, max-age=300");
    assert_eq!(keys.json::<Value>().await.unwrap()["keys"].as_array().unwrap().len(), 1);
    let refused = service.form("/token", &[("username", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "unsupported_grant_type");
    let closed = service.request(Method::POST, "/users").json(&json!({"username": "x", "password": PASSWORD})).send().await.unwrap();
    assert_eq!(closed.status(), StatusCode::NOT_FOUND);
    assert_eq!(service.request(Method::GET, "/.well-known/security.txt").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(service.request(Method::GET, "/").send().await.unwrap().status(), StatusCode::OK);
}
