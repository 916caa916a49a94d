//! `portcullis load`, run against the notes example, the ready-made service, and services that fail.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_testing::{Backend, TestApp, World};
use serde_json::Value;

use crate::support::{Ended, Service, Stub, ended, load, spawn};

const PASSWORD: &str = "correct horse battery staple";

/// The notes example in this process.
struct Notes {
    app: TestApp,
    base: String,
}

impl Notes {
    async fn start() -> Option<Self> {
        Some(Self::on(World::new(Backend::Sqlite)?).await)
    }

    async fn on(world: World) -> Self {
        let app = TestApp::start(notes::app(World::accounts()), &Arc::new(world)).await;
        let base = format!("https://localhost:{}", app.address().port());
        Self { app, base }
    }

    /// Runs a load as the user `uma`, in a folder of its own.
    fn load(&self, arguments: &[&str]) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        let authority = self.app.world().folder().join("tls/ca.pem").display().to_string();
        let who = [self.base.as_str(), "--json", "--ca", &authority, "--username", "uma", "--password-stdin"];
        load(folder.path(), PASSWORD, &[&who, arguments].concat())
    }
}

fn requests(report: &Value, operation: &str) -> u64 {
    let operations = report["operations"].as_array().unwrap();
    operations.iter().find(|each| each["operation"] == operation).map_or(0, |each| each["requests"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scenario_loads_the_notes_example_with_its_operations() {
    let Some(notes) = Notes::start().await else { return };
    notes.app.user("uma").await;
    for (scenario, log_ins, reads, writes) in [("log-in", 20, 0, 0), ("read", 0, 20, 0), ("write", 0, 0, 20), ("mixed", 0, 18, 2)] {
        let ended = notes.load(&["--scenario", scenario, "--rate", "20/s", "--seconds", "1"]);
        assert_eq!(ended.code, Some(0), "{scenario}: {}", ended.complained);
        let report = ended.json();
        let counts = ["log-in", "read", "write"].map(|operation| requests(&report, operation));
        assert_eq!(counts, [log_ins, reads, writes], "{scenario}: {report:#}");
        assert_eq!((&report["expected"], &report["shed"], &report["unexpected"]), (&20.into(), &0.into(), &0.into()), "{scenario}");
        assert_eq!(ended.complained, "", "nothing is drawn where there is no terminal");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_goes_on_when_its_own_log_ins_end_the_sessions_that_it_began_with() {
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let notes = Notes::on(world.with("ACCOUNTS__SESSIONS_PER_USER", "2")).await;
    let uma = notes.app.user("uma").await;
    let ended = notes.load(&["--scenario", "mixed", "--rate", "50/s", "--seconds", "4"]);
    assert_eq!(ended.code, Some(0), "{} {}", ended.printed, ended.complained);
    let report = ended.json();
    assert_eq!((requests(&report, "log-in"), &report["unexpected"]), (4, &0.into()), "{report:#}");
    assert_eq!(uma.get("/users/me").await.status, 401, "the oldest session is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reported_as_written_is_there() {
    let Some(notes) = Notes::start().await else { return };
    let uma = notes.app.user("uma").await;
    let ended = notes.load(&["--scenario", "write", "--rate", "30/s", "--seconds", "1"]);
    let report = ended.json();
    assert_eq!(report["operations"][0]["answers"][0]["answer"], "201", "{report:#}");
    let listed = uma.get("/notes?limit=100").await.json();
    // The rehearsal wrote one, too.
    assert_eq!(listed["items"].as_array().unwrap().len(), 31);
    let own = notes.load(&["--scenario", "write", "--path", "/notes", "--body", r#"{"title":"mine"}"#, "--rate", "5/s", "--seconds", "1"]);
    assert_eq!(own.code, Some(0), "{}", own.complained);
    let listed = uma.get("/notes?limit=100").await.json();
    assert_eq!(listed["items"].as_array().unwrap().iter().filter(|note| note["title"] == "mine").count(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_surplus_of_a_storm_is_reported_while_reads_go_on() {
    let service = Service::start();
    let arguments =
        [service.base.as_str(), "--json", "--scenario", "storm", "--log-ins", "60", "--register", "30", "--rate", "10/s", "--seconds", "2"];
    let ended = load(service.folder(), "", &arguments);
    assert_eq!(ended.code, Some(0), "{} {}", ended.printed, ended.complained);
    let report = ended.json();
    assert_eq!((requests(&report, "log-in"), requests(&report, "read")), (60, 20), "{report:#}");
    assert!(report["notes"][0].as_str().unwrap().starts_with("Of 60 log-ins at the same moment: "), "{report:#}");
    for answer in report["operations"][0]["answers"].as_array().unwrap() {
        let is_shed = ["429", "503"].contains(&answer["answer"].as_str().unwrap());
        assert_eq!(is_shed, answer["judgement"] == "shed", "{answer}");
        assert_eq!(is_shed, answer["retry_after_seconds"].is_array(), "whoever is turned away is told when to come again: {answer}");
    }
}

#[test]
fn the_ready_made_service_is_loaded_over_http_2_and_reported_in_a_page_that_needs_nothing_else() {
    let service = Service::start();
    let arguments = [service.base.as_str(), "--register", "2", "--rate", "50/s", "--seconds", "1", "--http2", "--report", "load.html"];
    let ended = load(service.folder(), "", &arguments);
    assert_eq!(ended.code, Some(0), "{} {}", ended.printed, ended.complained);
    assert!(ended.printed.contains("write = PATCH /users/me") && ended.printed.contains("HTTP/2"), "{}", ended.printed);
    assert!(ended.printed.contains("50 expected, 0 shed, 0 unexpected"), "{}", ended.printed);
    let page = std::fs::read_to_string(service.folder().join("load.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3);
    for loaded in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
}

#[test]
fn latencies_count_from_when_a_request_was_due() {
    let stub = Stub::start(Duration::from_millis(100), 200);
    let folder = tempfile::tempdir().unwrap();
    let base = stub.base();
    let arguments = [base.as_str(), "--json", "--scenario", "read", "--username", "uma", "--password-stdin", "--connections", "1"];
    let ended = load(folder.path(), PASSWORD, &[&arguments[..], &["--rate", "50/s", "--seconds", "2", "--timeout", "1"]].concat());
    let report = ended.json();
    // Ten a second are served: whoever counted from the sending would report 100 ms.
    assert!(report["operations"][0]["latency_ms"]["p50"].as_f64().unwrap() > 500.0, "{report:#}");
    assert_eq!(report["requests"], 100, "none is forgotten");
    let answers = report["operations"][0]["answers"].as_array().unwrap();
    assert!(answers.iter().any(|answer| answer["answer"] == "never sent" && answer["judgement"] == "unexpected"), "{report:#}");
    assert!(report["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().starts_with("Requests went out late")));
    assert_eq!(ended.code, Some(1));
}

#[test]
fn failures_and_missed_bounds_end_with_1() {
    let folder = tempfile::tempdir().unwrap();
    for (status, arguments, code, said) in [
        (500, &[][..], 1, "10 of 10 requests were not answered as expected"),
        (500, &["--max-error-rate", "100%"], 0, ""),
        (500, &["--expect", "404,500"], 0, ""),
        (429, &[], 0, "10 requests were turned away with 429"),
        (429, &["--p99-below", "1s"], 1, "no read was served"),
        (200, &["--p99-below", "0.001ms"], 1, "the 99th percentile of read is"),
        (200, &["--p99-below", "read=9s"], 0, ""),
    ] {
        let stub = Stub::start(Duration::ZERO, status);
        let base = stub.base();
        let always = [base.as_str(), "--scenario", "read", "--username", "uma", "--password-stdin", "--rate", "10/s", "--seconds", "1"];
        let ended = load(folder.path(), PASSWORD, &[&always, arguments].concat());
        assert_eq!(ended.code, Some(code), "{status} {arguments:?}: {} {}", ended.printed, ended.complained);
        assert!(ended.printed.contains(said), "{}", ended.printed);
    }
}

#[test]
fn tokens_are_renewed_before_they_end() {
    let stub = Stub::start(Duration::ZERO, 200);
    let folder = tempfile::tempdir().unwrap();
    let base = stub.base();
    let arguments = [base.as_str(), "--scenario", "read", "--username", "uma", "--password-stdin", "--rate", "10/s", "--seconds", "3"];
    let ended = load(folder.path(), PASSWORD, &arguments);
    assert_eq!(ended.code, Some(0), "{} {}", ended.printed, ended.complained);
    // Their renewals are no part of what is measured.
    assert!(ended.printed.contains("30 expected") && stub.log_ins() >= 2, "{} log-ins\n{}", stub.log_ins(), ended.printed);
}

#[test]
fn ctrl_c_ends_the_load_with_the_report_so_far() {
    let stub = Stub::start(Duration::ZERO, 200);
    let folder = tempfile::tempdir().unwrap();
    let base = stub.base();
    let arguments = [base.as_str(), "--json", "--scenario", "read", "--username", "uma", "--password-stdin", "--report", "load.html"];
    let mut child = spawn(folder.path(), &[&arguments[..], &["--rate", "100/s", "--seconds", "3600"]].concat());
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"x\n").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while stub.requests() < 10 {
        assert!(Instant::now() < deadline, "the load doesn't begin");
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = ended(child);
    let report = ended.json();
    assert_eq!((ended.code, &report["interrupted"]), (Some(0), &true.into()), "{report:#}");
    assert!(report["requests"].as_u64().unwrap() >= 8, "{report:#}");
    assert!(std::fs::read_to_string(folder.path().join("load.html")).unwrap().contains("interrupted"));
}
