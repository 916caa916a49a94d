//! A client far beyond its quota: what it costs in log, connections and processor time.

use std::fs::File;
use std::net::Ipv4Addr;

use serde_json::Value;

use crate::plain::{PROXY, Plain};

const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
/// The quota of an address for a minute.
const QUOTA: usize = 100;
/// Requests that are answered, each of a client of its own behind the proxy.
const ANSWERED: usize = 2000;
/// Requests of one client that are refused.
const REFUSED: usize = 6000;
/// Refusals after which a connection is closed.
const PER_CONNECTION: usize = 100;

fn get(number: usize, client: impl Fn(usize) -> String, of: usize) -> String {
    let last = if number + 1 == of { "Connection: close\r\n" } else { "" };
    format!("GET /livez HTTP/1.1\r\nHost: localhost:8443\r\nUser-Agent: somebody\r\n{}{last}\r\n", client(number))
}

fn pipeline(of: usize, client: impl Fn(usize) -> String) -> String {
    (0..of).map(|number| get(number, &client, of)).collect()
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|one| **one == status).count()
}

#[tokio::test]
async fn a_client_far_beyond_its_quota_fills_no_log_and_keeps_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut service = Plain::start(&[("RATE_LIMIT__DEFAULT", "100/min")], File::create(&path).unwrap());

    let started = service.cpu();
    let client = |number| format!("X-Forwarded-For: 10.9.{}.{}\r\n", number / 50, number % 50);
    assert_eq!(count(&service.pipeline(PROXY, pipeline(ANSWERED, client)).await, 200), ANSWERED);
    let ordinary = service.cpu() - started;

    let (mut refused, mut connections) = (0, Vec::new());
    let started = service.cpu();
    while refused < REFUSED {
        let statuses = service.pipeline(STRANGER, pipeline(QUOTA + PER_CONNECTION + 50, |_| String::new())).await;
        connections.push(statuses.clone());
        refused += count(&statuses, 429);
    }
    let flooded = service.cpu() - started;
    let most = connections.iter().map(|statuses| count(statuses, 429)).max();
    assert_eq!(most, Some(PER_CONNECTION), "refusals on one connection");

    let one = |_| "X-Forwarded-For: 10.8.0.1\r\n".to_owned();
    let proxied = service.pipeline(PROXY, pipeline(QUOTA + 3 * PER_CONNECTION, one)).await;
    assert_eq!(proxied.len(), QUOTA + 3 * PER_CONNECTION, "a proxy's connection carries the requests of many");
    let all = service.metric("portcullis_rate_limited_requests_total{policy=\"default\"}").await;
    let aggregated = service.metric("portcullis_log_refusals_aggregated_total").await;
    assert_eq!(service.terminate().code(), Some(0));

    let log = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_event = |event: &'static str| lines.iter().filter(move |line| line["event"] == event);
    let own = of_event("http_request").filter(|line| line["status"] == 429).count();
    let summed: u64 = of_event("http_refusals").map(|line| line["requests"].as_u64().unwrap()).sum();
    assert_eq!((own as u64 + summed) as f64, all, "no refusal is forgotten");
    assert_eq!(summed as f64, aggregated);
    // Sixty at once, and one a second for each of the two clients.
    assert!((120..1000).contains(&own), "{own} lines");
    let answered = of_event("http_request")
        .filter(|line| line["status"] == 200 && line["client_address"].as_str().is_some_and(|a| a.starts_with("10.9.")))
        .count();
    assert_eq!(answered, ANSWERED, "an answered request has its line");
    let bytes: usize = log.lines().filter(|line| line.contains("\"status\":429") || line.contains("http_refusals")).map(str::len).sum();
    assert!(bytes < 400_000, "{bytes} bytes about {all} refused requests");
    // A refused request costs no more than twice an answered one, new connections included.
    assert!(
        flooded * (ANSWERED as u64) < 2 * ordinary.max(10) * (refused as u64),
        "{flooded} ticks for {refused}, {ordinary} for {ANSWERED}"
    );
}

#[tokio::test]
async fn redirects_that_no_quota_counts_fill_no_log_and_keep_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let redirect = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = redirect.to_string();
    let mut service = Plain::start(&[("HTTP_LISTEN", &listen)], File::create(&path).unwrap());
    service.address = redirect;
    for _ in 0..5 {
        let statuses = service.pipeline(STRANGER, pipeline(PER_CONNECTION + 50, |_| "Accept: text/html\r\n".to_owned())).await;
        assert_eq!((statuses.len(), count(&statuses, 308)), (PER_CONNECTION, PER_CONNECTION));
    }
    assert_eq!(service.terminate().code(), Some(0));
    let log = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let own = lines.iter().filter(|line| line["status"] == 308).count();
    let summed: u64 = lines.iter().filter(|line| line["event"] == "http_refusals").map(|line| line["requests"].as_u64().unwrap()).sum();
    assert!((60..300).contains(&own), "{own} lines");
    assert_eq!(own as u64 + summed, 5 * PER_CONNECTION as u64);
}
