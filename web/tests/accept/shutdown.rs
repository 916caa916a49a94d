use std::process::Command;
use std::time::Duration;

use portcullis_web::accept::{Drained, Shutdown};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{PATIENCE, exchange, is_closed, read_all, read_until};
use crate::service::{plain, plain_with};

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
const LAST: &[u8] = b"GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_running_request_is_finished_while_nothing_new_is_accepted() {
    let running = plain().await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(WAIT).await.unwrap();
    running.service.began.notified().await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(GET).await.unwrap();
    read_until(&mut idle, "\r\n\r\n").await;

    running.shutdown.begin();
    assert!(is_closed(&mut idle).await, "an idle connection has nothing to finish");
    assert!(TcpStream::connect(running.address).await.is_err() || running.calls().len() == 2);
    assert!(exchange(running.management, LAST).await.starts_with("HTTP/1.1 200 OK\r\n"), "probes are answered to the end");

    running.service.go_on.notify_one();
    let answer = read_all(&mut busy).await;
    assert!(answer.contains("\r\nconnection: close\r\n") && answer.ends_with("waited"), "{answer}");
    assert_eq!(timeout(PATIENCE, running.serving).await.unwrap().unwrap(), Drained { cut: 0 });
    assert!(TcpStream::connect(running.management).await.is_err());
}

#[tokio::test]
async fn a_drain_is_bounded_and_says_what_it_cut() {
    let running = plain_with(|settings| settings.limits.shutdown_drain = Duration::from_millis(50)).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(WAIT).await.unwrap();
    running.service.began.notified().await;
    running.shutdown.begin();
    assert_eq!(timeout(PATIENCE, running.serving).await.unwrap().unwrap(), Drained { cut: 1 });
    timeout(PATIENCE, running.service.cancelled.notified()).await.unwrap();
    assert!(is_closed(&mut busy).await);
}

#[tokio::test]
async fn in_the_grace_period_requests_are_still_accepted() {
    let running = plain_with(|settings| settings.limits.shutdown_grace = Duration::from_secs(3600)).await;
    running.shutdown.begin();
    assert!(running.shutdown.has_begun());
    assert!(exchange(running.address, LAST).await.starts_with("HTTP/1.1 200 OK\r\n"));
    running.shutdown.end_at_once();
    timeout(PATIENCE, running.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn ending_at_once_waits_for_nothing() {
    let running = plain().await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(WAIT).await.unwrap();
    running.service.began.notified().await;
    running.shutdown.end_at_once();
    assert_eq!(timeout(PATIENCE, running.serving).await.unwrap().unwrap(), Drained { cut: 1 });
    assert!(is_closed(&mut busy).await);
}

#[tokio::test]
async fn sigterm_and_ctrl_c_begin_shutdown_and_a_second_ctrl_c_ends_it() {
    let own = std::process::id().to_string();
    let send = |signal: &str| assert!(Command::new("kill").args([signal, &own]).status().unwrap().success());

    let (terminated, interrupted) = (Shutdown::new(), Shutdown::new());
    terminated.begin_on_signals().unwrap();
    send("-TERM");
    timeout(PATIENCE, terminated.begun()).await.unwrap();

    interrupted.begin_on_signals().unwrap();
    send("-INT");
    timeout(PATIENCE, interrupted.begun()).await.unwrap();
    let at_once = timeout(Duration::from_millis(1), interrupted.ends_at_once()).await;
    assert!(at_once.is_err(), "the first one drains");
    send("-INT");
    timeout(PATIENCE, interrupted.ends_at_once()).await.unwrap();
}
