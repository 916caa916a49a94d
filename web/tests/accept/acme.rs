//! Certificates from an authority: Pebble, end to end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use portcullis_core::Clock;
use portcullis_web::accept::{AcmeChallenge, AcmeSettings};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::advice::Front;
use crate::client::{client_of, connect, connect_tls, exchange, read_all, read_until};
use crate::logs::Logs;
use crate::ordering::{GET, NAMES, Ordering, files, kept, root, visit};
use crate::pebble::{Place, is_demanded};

async fn issues_end_to_end(challenge: AcmeChallenge) {
    let _logs = Logs::keep();
    let place = Place::new();
    let acme = AcmeSettings { challenge, ..place.settings(NAMES) };
    let service = Ordering::start(acme, |_| {}).await;
    let pebble = place.start(service.http, service.address).await;
    service.renewals(1).await;
    let root = root(&pebble).await;
    for name in NAMES {
        let answer = visit(&root, service.address, name).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert!(visit(&root, service.address, "other.example").await.is_err());
    let (account, certificate) = kept(service.data.path());
    for file in files(service.data.path()) {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert!(std::fs::read_to_string(account).unwrap().contains("key_pkcs8"));
    assert!(std::fs::read_to_string(certificate).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    // Nothing is pending any more, so nothing answers.
    assert_eq!(std::fs::read_dir(service.data.path().join("tls/acme/pending")).unwrap().count(), 0);
    let asking = client_of(root, rustls::ALL_VERSIONS, &["acme-tls/1"]);
    assert!(connect_tls(asking, service.address, "notes.example").await.is_err());
}

#[tokio::test]
async fn a_certificate_is_issued_by_http_01() {
    if is_demanded("a_certificate_is_issued_by_http_01") {
        issues_end_to_end(AcmeChallenge::Http01).await;
    }
}

#[tokio::test]
async fn a_certificate_is_issued_by_tls_alpn_01() {
    if is_demanded("a_certificate_is_issued_by_tls_alpn_01") {
        issues_end_to_end(AcmeChallenge::TlsAlpn01).await;
    }
}

#[tokio::test]
async fn bad_nonces_and_slow_validation_are_endured() {
    if !is_demanded("bad_nonces_and_slow_validation_are_endured") {
        return;
    }
    let mut place = Place::new();
    place.variables = vec![("PEBBLE_WFE_NONCEREJECT", "25"), ("PEBBLE_VA_SLEEPTIME", "4")];
    let service = Ordering::start(place.settings(NAMES), |_| {}).await;
    let pebble = place.start(service.http, service.address).await;
    service.renewals(1).await;
    visit(&root(&pebble).await, service.address, "notes.example").await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_renewed_with_a_new_key_while_connections_live_on() {
    if !is_demanded("a_certificate_is_renewed_with_a_new_key_while_connections_live_on") {
        return;
    }
    let mut place = Place::new();
    let life = Duration::from_secs(30 * 86_400);
    place.extra = json!({"certificateValidityPeriod": life.as_secs()});
    let service = Ordering::start(place.settings(NAMES), |_| {}).await;
    let pebble = place.start(service.http, service.address).await;
    service.renewals(1).await;
    let (account, certificate) = kept(service.data.path());
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (first_account, first) = (read(&account), read(&certificate));
    let root = root(&pebble).await;
    let client = client_of(root.clone(), rustls::ALL_VERSIONS, &["http/1.1"]);
    let mut old = connect_tls(client, service.address, "notes.example").await.unwrap();
    old.write_all(b"GET /one HTTP/1.1\r\nhost: notes.example\r\n\r\n").await.unwrap();
    read_until(&mut old, "\r\n\r\n").await;

    // Two thirds of its life, and the most that chance adds.
    service.hand.advance(life * 71 / 100);
    service.renewals(2).await;
    let second = read(&certificate);
    let key = |text: &str| text.split("-----END PRIVATE KEY-----").next().unwrap().to_owned();
    assert_ne!(key(&first), key(&second), "each certificate has a key of its own");
    assert_eq!(read(&account), first_account, "the account stays");
    visit(&root, service.address, "notes.example").await.unwrap();
    old.write_all(GET).await.unwrap();
    assert!(read_all(&mut old).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn the_authority_says_when_to_renew() {
    if !is_demanded("the_authority_says_when_to_renew") {
        return;
    }
    let _logs = Logs::keep();
    let place = Place::new();
    let front = Front::start(place.folder.path()).await;
    let acme = AcmeSettings { directory_url: Some(front.directory()), ..place.settings(NAMES) };
    // In ten days, where two thirds of its life are years.
    let (day, now) = (Duration::from_secs(86_400), Clock::system().now());
    front.advise(now + day * 10, now + day * 11);
    let service = Ordering::start(acme, |_| {}).await;
    let pebble = place.start(service.http, service.address).await;
    front.stand_before(pebble.client().get(pebble.directory()).send().await.unwrap().json().await.unwrap());
    service.renewals(1).await;
    // Asked once for the new certificate, and again when the advice is old: nothing is due before the window.
    let asked = async |count: usize| service.time_passes(|| front.asked().len() >= count).await;
    asked(1).await;
    service.hand.advance(Front::LASTS);
    asked(2).await;
    service.hand.advance(day * 9);
    asked(3).await;
    assert_eq!(service.certificates().counts().renewals(), 1);
    assert!(front.asked().iter().all(|path| path == &front.asked()[0] && path.starts_with("/ari/")), "{:?}", front.asked());
    // The authority changes its mind: at once.
    front.advise(now, now + day);
    service.hand.advance(Front::LASTS);
    service.renewals(2).await;
    asked(5).await;
    assert_ne!(front.asked().first(), front.asked().last(), "the new certificate is asked for");
    visit(&root(&pebble).await, service.address, "notes.example").await.unwrap();
}

#[tokio::test]
async fn a_restart_serves_the_kept_certificate_without_the_authority() {
    if !is_demanded("a_restart_serves_the_kept_certificate_without_the_authority") {
        return;
    }
    let place = Place::new();
    let acme = place.settings(NAMES);
    let service = Ordering::start(acme.clone(), |_| {}).await;
    let pebble = place.start(service.http, service.address).await;
    service.renewals(1).await;
    let root = root(&pebble).await;
    let _place = pebble.stop();
    let data = service.stop().await;
    let (_, certificate) = kept(data.path());
    let bytes = std::fs::read(&certificate).unwrap();

    let again = Ordering::start(acme.clone(), |settings| settings.data_dir = data.path().to_owned()).await;
    visit(&root, again.address, "www.notes.example").await.unwrap();
    assert_eq!(std::fs::read(&certificate).unwrap(), bytes);
    again.stop().await;

    // For other names it is of no use.
    let other = AcmeSettings { domains: vec!["other.example".to_owned()], ..acme.clone() };
    let other = Ordering::start(other, |settings| settings.data_dir = data.path().to_owned()).await;
    assert!(visit(&root, other.address, "www.notes.example").await.is_err());
    connect(data.path(), other.address, &["http/1.1"]).await;
    other.stop().await;

    // Nor is it when it is damaged.
    std::fs::write(&certificate, "no PEM").unwrap();
    let logs = Logs::keep();
    let damaged = Ordering::start(acme, |settings| settings.data_dir = data.path().to_owned()).await;
    connect(data.path(), damaged.address, &["http/1.1"]).await;
    assert_eq!(logs.count("tls_certificate_refused", &["holds no PEM certificate", "the kept certificate is not used"]), 1);
}

#[tokio::test]
async fn of_two_instances_one_renews_and_both_serve() {
    if !is_demanded("of_two_instances_one_renews_and_both_serve") {
        return;
    }
    let place = Place::new();
    let acme = place.settings(NAMES);
    let first = Ordering::start(acme.clone(), |_| {}).await;
    let second = Ordering::start(acme, |settings| settings.data_dir = first.data.path().to_owned()).await;
    // The authority asks the second, whichever orders.
    let pebble = place.start(second.http, second.address).await;
    let both = [first.certificates(), second.certificates()];
    // The development certificate has 90 days, Pebble's five years.
    let far = Clock::system().now() + Duration::from_secs(300 * 86_400);
    first
        .time_passes(|| {
            second.hand.advance(Duration::from_millis(100));
            both.iter().all(|own| own.expires() > far)
        })
        .await;
    assert_eq!(both.iter().map(|own| own.counts().renewals()).sum::<u64>(), 1);
    let root = root(&pebble).await;
    for address in [first.address, second.address] {
        visit(&root, address, "notes.example").await.unwrap();
    }
}

#[tokio::test]
async fn a_challenge_is_answered_whatever_host_is_named_and_nothing_else_is() {
    let nobody = AcmeSettings { directory_url: Some("https://127.0.0.1:1/dir".to_owned()), ..AcmeSettings::default() };
    let service = Ordering::start(nobody, |_| {}).await;
    let pending = service.data.path().join("tls/acme/pending/Token_1");
    // What another instance has begun; the first attempt here removes what was there before.
    service.failures(1).await;
    std::fs::write(&pending, "Token_1.thumb").unwrap();
    let ask = async |target: &str| {
        exchange(service.http, format!("GET {target} HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\n\r\n")).await
    };
    let answer = ask("/.well-known/acme-challenge/Token_1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nToken_1.thumb"), "{answer}");
    assert!(answer.contains("content-type: text/plain"), "{answer}");
    for other in ["Token_2", "..%2Flock", "", "a/b"] {
        let answer = ask(&format!("/.well-known/acme-challenge/{other}")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    assert!(ask("/.well-known/acme-challenge").await.starts_with("HTTP/1.1 403 "));
    std::fs::remove_file(pending).unwrap();
    assert!(ask("/.well-known/acme-challenge/Token_1").await.starts_with("HTTP/1.1 404 "));
}
