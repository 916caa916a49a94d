//! Whole processes: killed, asked to end, trusting each other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::prelude::*;
use portcullis::web::authn::RemoteIssuer;
use portcullis_testing::{Backend, TestApp, World};
use serde_json::json;

/// The notes program in a process of its own.
struct Process {
    child: Child,
    base: String,
    client: reqwest::Client,
}

impl Process {
    /// Behind a proxy that is us: plain HTTP keeps the client simple.
    async fn start(data: &Path) -> Self {
        let port = free_port();
        let mut process = Self::spawn(Self::command(data).env("PORTCULLIS_LISTEN", format!("127.0.0.1:{port}")));
        process.base = format!("http://127.0.0.1:{port}");
        process.ready().await
    }

    /// Over HTTPS with the development certificate, at the address that its tokens name.
    async fn start_issuer(data: &Path, url: &str) -> Self {
        let mut command = Self::command(data);
        command.env("PORTCULLIS_LISTEN", url.replace("https://localhost", "127.0.0.1")).env("PORTCULLIS_PUBLIC_URL", url);
        let mut process = Self::spawn(command.env("PORTCULLIS_TLS__MODE", "dev").env_remove("PORTCULLIS_PROXY__TRUSTED"));
        let authority = reqwest::Certificate::from_pem(&std::fs::read(data.join("data/tls/ca.pem")).unwrap()).unwrap();
        process.client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
        process.base = url.to_owned();
        process.ready().await
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.env("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The greeting says that the sockets are bound.
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Listening"), "{line}");
        Self { child, base: String::new(), client: reqwest::Client::new() }
    }

    async fn ready(self) -> Self {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.get("/readyz", "").await.is_err() {
            assert!(Instant::now() < deadline, "the program isn't ready");
        }
        self
    }

    fn command(data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_notes"));
        command.current_dir(data).env("PORTCULLIS_DATA_DIR", data.join("data")).env("PORTCULLIS_TLS__MODE", "behind_proxy");
        command
            .env("PORTCULLIS_PROXY__TRUSTED", "127.0.0.1")
            .env("PORTCULLIS_PUBLIC_URL", "https://localhost")
            .env("PORTCULLIS_HOSTS", "127.0.0.1");
        command.env("PORTCULLIS_RATE_LIMIT__DEFAULT", "off").env("PORTCULLIS_RATE_LIMIT__PRINCIPAL", "off");
        command
    }

    fn add_user(data: &Path, name: &str, role: &str) {
        let mut adding = Self::command(data)
            .args(["user", "add", name, "--role", role, "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        adding.stdin.take().unwrap().write_all(b"correct horse battery staple\n").unwrap();
        assert!(adding.wait().unwrap().success());
    }

    async fn get(&self, path: &str, token: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(format!("{}{path}", self.base)).bearer_auth(token).send().await
    }

    async fn log_in(&self, name: &str) -> String {
        let form = format!("username={name}&password=correct+horse+battery+staple");
        let request =
            self.client.post(format!("{}/token", self.base)).header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer: serde_json::Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_sigkill() {
    portcullis::web::accept::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    Process::add_user(folder.path(), "uma", "user");
    let mut process = Process::start(folder.path()).await;
    let token = process.log_in("uma").await;
    let (base, writer_token) = (process.base.clone(), token.clone());
    let (report, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let writer = tokio::spawn(async move {
        let client = reqwest::Client::new();
        for number in 0.. {
            let body = json!({"title": format!("note {number}")}).to_string();
            let request =
                client.post(format!("{base}/notes")).bearer_auth(&writer_token).header("content-type", "application/json").body(body);
            match request.send().await {
                Ok(answer) if answer.status() == 201 => report.send(number).unwrap(),
                _ => break,
            }
        }
    });
    let mut written = Vec::new();
    while written.len() < 40 {
        written.push(acknowledged.recv().await.unwrap());
    }
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    writer.await.unwrap();
    while let Ok(number) = acknowledged.try_recv() {
        written.push(number);
    }
    let process = Process::start(folder.path()).await;
    let mut titles = Vec::new();
    let mut path = "/notes?limit=100".to_owned();
    loop {
        let page: serde_json::Value = serde_json::from_slice(&process.get(&path, &token).await.unwrap().bytes().await.unwrap()).unwrap();
        titles.extend(page["items"].as_array().unwrap().iter().map(|note| note["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/notes?limit=100&cursor={next}");
    }
    for number in written {
        assert!(titles.contains(&format!("note {number}")), "note {number} was acknowledged and is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_asked_to_end_ends_well() {
    portcullis::web::accept::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path()).await;
    let killed = Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_takes_away_is_gone_in_the_running_service() {
    portcullis::web::accept::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    Process::add_user(folder.path(), "uma", "user");
    let process = Process::start(folder.path()).await;
    let token = process.log_in("uma").await;
    assert_eq!(process.get("/whoami", &token).await.unwrap().status(), 200);
    let disabled = Process::command(folder.path()).args(["user", "disable", "uma"]).stdout(Stdio::null()).status().unwrap();
    assert!(disabled.success());
    let deadline = Instant::now() + Duration::from_secs(5);
    while process.get("/whoami", &token).await.unwrap().status() != 401 {
        assert!(Instant::now() < deadline, "the service still believes a disabled user");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[derive(Debug, Role)]
enum Role {
    User,
    Admin,
}

/// Says who the other service says it is.
#[get("/me", access = Role::User)]
async fn me(me: Principal) -> Text {
    Text(format!("{} {}", me.subject(), me.role()).into())
}

/// Only for those whom the other service calls administrators.
#[get("/administration", access = Role::Admin)]
async fn administration() -> NoContent {
    NoContent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_accounts_trusts_the_tokens_of_another() {
    portcullis::web::accept::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    for (name, role) in [("uma", "user"), ("ada", "admin")] {
        Process::add_user(folder.path(), name, role);
    }
    // The issuer's address is part of its tokens, so its port is chosen before it starts.
    let issuer_url = format!("https://localhost:{}", free_port());
    let issuer = Process::start_issuer(folder.path(), &issuer_url).await;
    let authority = std::fs::read(folder.path().join("data/tls/ca.pem")).unwrap();
    let trusted = RemoteIssuer::new(&issuer_url, &issuer_url, Some(&authority)).unwrap();
    let trusted = trusted.map_role("user", Role::User).map_role("admin", Role::Admin);
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let service = App::<Role>::new("Trusting").trust(trusted).endpoints(endpoints![me, administration]);
    let service = TestApp::start(service, &Arc::new(world)).await;

    let (uma, ada) = (issuer.log_in("uma").await, issuer.log_in("ada").await);
    let whoami = issuer.get("/whoami", &uma).await.unwrap().bytes().await.unwrap();
    let subject = serde_json::from_slice::<serde_json::Value>(&whoami).unwrap()["sub"].as_str().unwrap().to_owned();
    let here = |token: &str| service.anonymous().with_token(token);
    assert_eq!(here(&uma).get("/me").await.text(), format!("{subject} user"));
    assert_eq!(here(&uma).get("/administration").await.status, 403);
    assert_eq!(here(&ada).get("/administration").await.status, 204);
    assert_eq!(service.anonymous().get("/me").await.status, 401);
    assert_eq!(service.anonymous().with_token("a.b.c").get("/me").await.status, 401);
    // An issuer that isn't the one: same keys, another audience.
    let strict = RemoteIssuer::new(&issuer_url, "https://other.example", Some(&authority)).unwrap();
    let strict = App::<Role>::new("Strict").trust(strict).endpoints(endpoints![me]);
    let strict = TestApp::start(strict, &Arc::new(World::new(Backend::Sqlite).unwrap())).await;
    assert_eq!(strict.anonymous().with_token(&uma).get("/me").await.status, 401);
    drop(issuer);
    assert_eq!(here(&uma).get("/me").await.status, 200, "known keys serve while the issuer is away");
    for bad in ["http://localhost", "https://u@localhost", "https://localhost?x", "localhost"] {
        assert!(RemoteIssuer::new(bad, "x", None).is_err(), "{bad}");
    }
}
