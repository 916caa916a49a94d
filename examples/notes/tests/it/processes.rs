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

use crate::support::start;

/// The notes program in a process of its own, behind a proxy that is us: plain HTTP keeps the client simple.
struct Process {
    child: Child,
    base: String,
}

impl Process {
    async fn start(data: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Self::command(data)
            .env("PORTCULLIS_LISTEN", format!("127.0.0.1:{port}"))
            .env("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut process = Self { child, base: format!("http://127.0.0.1:{port}") };
        // The greeting says that the sockets are bound.
        let mut line = String::new();
        BufReader::new(process.child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while process.get("/readyz", "").await.is_err() {
            assert!(Instant::now() < deadline, "{line}");
        }
        process
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

    fn add_user(data: &Path, name: &str) {
        let mut adding = Self::command(data)
            .args(["user", "add", name, "--role", "user", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        adding.stdin.take().unwrap().write_all(b"correct horse battery staple\n").unwrap();
        assert!(adding.wait().unwrap().success());
    }

    async fn get(&self, path: &str, token: &str) -> reqwest::Result<reqwest::Response> {
        reqwest::Client::new().get(format!("{}{path}", self.base)).bearer_auth(token).send().await
    }

    async fn log_in(&self) -> String {
        let form = "username=uma&password=correct+horse+battery+staple";
        let request = reqwest::Client::new()
            .post(format!("{}/token", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
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
    Process::add_user(folder.path(), "uma");
    let mut process = Process::start(folder.path()).await;
    let token = process.log_in().await;
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
    Process::add_user(folder.path(), "uma");
    let process = Process::start(folder.path()).await;
    let token = process.log_in().await;
    assert_eq!(process.get("/whoami", &token).await.unwrap().status(), 200);
    let disabled = Process::command(folder.path()).args(["user", "disable", "uma"]).stdout(Stdio::null()).status().unwrap();
    assert!(disabled.success());
    let deadline = Instant::now() + Duration::from_secs(5);
    while process.get("/whoami", &token).await.unwrap().status() != 401 {
        assert!(Instant::now() < deadline, "the service still believes a disabled user");
    }
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
    let Some(world) = World::new(Backend::Sqlite) else { return };
    // The issuer's address is part of its tokens, so its port is chosen before it starts.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer_url = format!("https://localhost:{port}");
    let issuer = start(world.with("PUBLIC_URL", &issuer_url).with("LISTEN", &format!("127.0.0.1:{port}"))).await;
    let authority = std::fs::read(issuer.world().folder().join("tls/ca.pem")).unwrap();
    let trusted = RemoteIssuer::new(&issuer_url, &issuer_url, Some(&authority)).unwrap();
    let service = App::<Role>::new("Trusting").trust(trusted).endpoints(endpoints![me, administration]);
    let service = TestApp::start(service, &Arc::new(World::new(Backend::Sqlite).unwrap())).await;

    let (alice, admin) = (issuer.user("alice").await, issuer.admin().await);
    let subject = alice.get("/whoami").await.json()["sub"].as_str().unwrap().to_owned();
    let here = |caller: &portcullis_testing::Caller| service.anonymous().with_token(caller.token().unwrap());
    assert_eq!(here(&alice).get("/me").await.text(), format!("{subject} user"));
    assert_eq!(here(&alice).get("/administration").await.status, 403);
    assert_eq!(here(&admin).get("/administration").await.status, 204);
    assert_eq!(service.anonymous().get("/me").await.status, 401);
    assert_eq!(service.anonymous().with_token("a.b.c").get("/me").await.status, 401);
    // An issuer that isn't the one: same keys, another audience.
    let strict = RemoteIssuer::new(&issuer_url, "https://other.example", Some(&authority)).unwrap();
    let strict = App::<Role>::new("Strict").trust(strict).endpoints(endpoints![me]);
    let strict = TestApp::start(strict, &Arc::new(World::new(Backend::Sqlite).unwrap())).await;
    assert_eq!(strict.anonymous().with_token(alice.token().unwrap()).get("/me").await.status, 401);
    issuer.end().await;
    assert_eq!(here(&alice).get("/me").await.status, 200, "known keys serve while the issuer is away");
    for bad in ["http://localhost", "https://u@localhost", "https://localhost?x", "localhost"] {
        assert!(RemoteIssuer::new(bad, "x", None).is_err(), "{bad}");
    }
}
