//! Loads that must not begin: each says why and how to mend it, sends nothing, leaves nothing.

use std::time::Duration;

use portcullis_testing::{Backend, TestApp, World};

use crate::support::{Service, Stub, load};
use crate::{portcullis, text};

#[test]
fn wrong_usage_ends_with_2_before_anything_is_sent() {
    let stub = Stub::start(Duration::ZERO, 200);
    let base = stub.base();
    let who = ["--username", "uma", "--password-stdin"];
    for (arguments, said) in [
        (&["--scenario", "dance"][..], "log-in, read, write, mixed, storm"),
        (&["--rate", "0/s"], "from 1/min to 100000/s"),
        (&["--rate=-5/s"], "from 1/min to 100000/s"),
        (&["--rate", "100001/s"], "from 1/min to 100000/s"),
        (&["--rate", "fast"], "written like `200/s`"),
        (&["--rate", "1/min", "--seconds", "5"], "not one request"),
        (&["--rate", "100000/s", "--seconds", "86400"], "lower --rate or --seconds"),
        (&["--seconds", "0"], "1..=86400"),
        (&["--connections", "0"], "1..=1000"),
        (&["--connections", "1001"], "1..=1000"),
        (&["--log-ins", "1001"], "1..=1000"),
        (&["--timeout", "0"], "1..=60"),
        (&["--max-error-rate", "101%"], "from 0 to 1"),
        (&["--p99-below", "soon"], "written like `50ms`"),
        (&["--p99-below", "dance=5ms"], "`log-in`, `read` and `write`"),
        (&["--expect", "99"], "200..=599"),
        (&["--http2"], "https://"),
        (&["--register", "1"], "cannot be used with"),
        (&["--scenario", "read", "--body", "{}"], "writes nothing"),
        (&["--scenario", "log-in", "--path", "/notes"], "asks /token"),
        (&["--scenario", "write", "--path", "/notes"], "--path and --body together"),
        (&["--write-path", "/notes"], "--body"),
        (&["--body", "{}"], "--write-path and --body together"),
        (&["--scenario", "write", "--path", "/notes", "--body", "{"], "not JSON"),
        (&["--yes-i-own", "example.com"], "names example.com"),
        (&["--report", "no/such/folder.html"], "cannot write the report"),
        (&["--report", "."], "it is a folder"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = load(folder.path(), "secret", &[&[base.as_str()], &who[..], arguments].concat());
        assert_eq!(ended.code, Some(2), "{arguments:?}: {} {}", ended.printed, ended.complained);
        assert!(ended.complained.contains(said), "{arguments:?}: {}", ended.complained);
        assert_eq!(ended.printed, "", "{arguments:?}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{arguments:?} leaves something");
    }
    assert_eq!(stub.requests(), 0);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for (url, said) in [
        ("localhost:8443", "written like https://localhost:8443"),
        ("ftp://localhost", "neither with https://"),
        ("https://uma:secret@localhost", "must not hold a user name"),
        ("https://localhost/?x=1", "a query"),
        ("https://", "not a URL"),
    ] {
        let ended = load(tempfile::tempdir().unwrap().path(), "", &[url, "--register", "1"]);
        assert_eq!(ended.code, Some(2), "{url}: {}", ended.complained);
        assert!(ended.complained.contains(said) && !ended.complained.contains("secret"), "{url}: {}", ended.complained);
    }
}

#[test]
fn a_foreign_host_is_not_loaded_without_consent() {
    // An address for documentation: nobody is there, and nobody is asked.
    let ended = load(tempfile::tempdir().unwrap().path(), "y\n", &["https://192.0.2.1", "--register", "1"]);
    assert_eq!(ended.code, Some(2), "{}", ended.complained);
    assert!(ended.complained.contains("192.0.2.1 is not this machine") && ended.complained.contains("--yes-i-own 192.0.2.1"));
}

#[test]
fn a_service_that_cannot_be_reached_or_trusted_ends_with_1() {
    let service = Service::start();
    let plain = service.base.replace("https://", "http://");
    let other = Service::start();
    let foreign = other.folder().join("data/tls/ca.pem").display().to_string();
    let base = service.base.as_str();
    for (url, arguments, code, said) in [
        ("https://localhost:1", &[][..], 1, "connection refused; is the service running?"),
        ("https://no-such-host.invalid", &["--yes-i-own", "no-such-host.invalid"], 1, "is the name right?"),
        (base, &[], 1, "name its authority with --ca FILE"),
        (base, &["--ca", &foreign], 1, "name its authority with --ca FILE"),
        (&plain, &[], 1, "is it https:// rather than http://?"),
        (base, &["--ca", "/dev/null"], 2, "there is no certificate in it"),
        (base, &["--ca", "nowhere.pem"], 2, "cannot read the authority nowhere.pem"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = load(folder.path(), "", &[&[url, "--register", "1", "--report", "load.html"], arguments].concat());
        assert_eq!(ended.code, Some(code), "{url} {arguments:?}: {}", ended.complained);
        assert!(ended.complained.contains(said), "{url} {arguments:?}: {}", ended.complained);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{url} {arguments:?}: a report was begun");
    }
}

#[test]
fn what_the_service_refuses_before_the_load_ends_with_1() {
    let service = Service::start();
    let path = |path| ["--register", "1", "--scenario", "read", "--path", path];
    for (arguments, said) in [
        (&["--username", "uma", "--password-stdin"][..], "refuses the user name or the password of uma"),
        (&path("/nowhere"), "GET /nowhere is answered 404"),
        (&path("/admin/users"), "GET /admin/users is answered 403"),
    ] {
        let ended = load(service.folder(), "my secret password", &[&[service.base.as_str()], arguments].concat());
        assert_eq!(ended.code, Some(1), "{arguments:?}: {}", ended.complained);
        assert!(ended.complained.contains(said), "{arguments:?}: {}", ended.complained);
        assert!(!ended.complained.contains("my secret"), "{}", ended.complained);
    }
    for path in ["nowhere", "/a b"] {
        let ended = load(service.folder(), "", &[service.base.as_str(), "--register", "1", "--scenario", "read", "--path", path]);
        assert_eq!(ended.code, Some(2), "{path}: {}", ended.complained);
        assert!(ended.complained.contains("is not a path"), "{path}: {}", ended.complained);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_and_closed_doors_are_explained() {
    for (variable, value, said) in [
        ("RATE_LIMIT__CREDENTIALS", "3/h", "limits registrations of one address (429"),
        ("ACCOUNTS__REGISTRATION", "false", "use --username with --password-stdin"),
        ("DOCS__ACCESS", "off", "/openapi.json is answered 404 Not Found; say it by --write-path and --body"),
    ] {
        let Some(world) = World::new(Backend::Sqlite) else { return };
        let world = std::sync::Arc::new(world.with(variable, value));
        let app = TestApp::start(notes::app(World::accounts()), &world).await;
        let (base, ca) = (format!("https://localhost:{}", app.address().port()), world.folder().join("tls/ca.pem").display().to_string());
        let ended = load(tempfile::tempdir().unwrap().path(), "", &[&base, "--ca", &ca, "--register", "5"]);
        assert_eq!(ended.code, Some(1), "{variable}: {}", ended.complained);
        assert!(ended.complained.contains(said), "{variable}: {}", ended.complained);
    }
}

#[test]
fn the_help_shows_the_applications_commands_and_the_tools() {
    let help = text(&portcullis(&["--help"], &[]).stdout);
    for command in ["serve", "migrate", "user", "keys", "load"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))), "{command}: {help}");
    }
}
