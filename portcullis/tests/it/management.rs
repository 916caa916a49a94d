//! Which hosts the management listener answers for: a web page whose name leads to this machine reads nothing.

use portcullis::prelude::*;
use portcullis_testing::{TestApp, World};

use crate::raw::exchange;
use crate::support::{Role, start};

async fn managed(world: World) -> TestApp {
    start(App::<Role>::new("Managed"), world.with("HOSTS", "portcullis.internal")).await
}

on_one!(managed =>
    probes_and_scrapers_are_answered
    another_host_is_misdirected
    a_text_that_is_no_host_is_refused
);

async fn get(app: &TestApp, path: &str, hosts: &str) -> String {
    exchange(app.management_address(), &format!("GET {path} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n"), "\r\n\r\n").await
}

async fn status(app: &TestApp, path: &str, hosts: &str) -> String {
    get(app, path, hosts).await.split(' ').nth(1).unwrap().to_owned()
}

async fn probes_and_scrapers_are_answered(app: TestApp) {
    for host in ["10.244.1.7:9464", "127.0.0.1", "[::1]:9464", "[2001:db8::7]", "localhost", "LOCALHOST:1", "portcullis.internal:9464"] {
        for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
            assert_eq!(status(&app, path, &format!("host: {host}\r\n")).await, "200", "{host} {path}");
        }
    }
    let absolute = exchange(app.management_address(), "GET http://10.0.0.1/livez HTTP/1.1\r\nhost: 10.0.0.1\r\n\r\n", "ok\n").await;
    assert!(absolute.starts_with("HTTP/1.1 200 "), "{absolute}");
}

async fn another_host_is_misdirected(app: TestApp) {
    for host in ["rebound.example", "rebound.example:9464", "localhost.rebound.example", "0x7f000001", "127.1"] {
        for path in ["/livez", "/metrics", "/nothing"] {
            let answer = get(&app, path, &format!("host: {host}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 421 "), "{host} {path}: {answer}");
            assert!(!answer.contains("portcullis_") && answer.contains("x-content-type-options: nosniff"), "{answer}");
        }
    }
    let posted =
        exchange(app.management_address(), "POST /metrics HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n", "\r\n\r\n").await;
    assert!(posted.starts_with("HTTP/1.1 421 "), "{posted}");
}

async fn a_text_that_is_no_host_is_refused(app: TestApp) {
    for host in ["localhost:abc", "localhost:99999", "localhost:", "u@localhost", "::1", "[::1", "[::1]x", "", "10.0.0.1, localhost"] {
        assert_eq!(status(&app, "/metrics", &format!("host: {host}\r\n")).await, "400", "{host}");
    }
    assert_eq!(status(&app, "/metrics", "").await, "400", "none");
    assert_eq!(status(&app, "/metrics", "host: localhost\r\nhost: localhost\r\n").await, "400", "two");
}
