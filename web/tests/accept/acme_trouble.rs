//! An authority that refuses, misbehaves or isn't there: the service serves what it has, says why, and comes right.

use std::time::Duration;

use portcullis_core::{Clock, Secret};
use portcullis_web::accept::{AcmeChallenge, AcmeSettings, Server, TlsMode, TlsSettings};
use serde_json::json;

use crate::advice::Front;
use crate::client::connect;
use crate::logs::Logs;
use crate::ordering::{NAMES, Ordering, files, root, visit};
use crate::pebble::{Place, is_demanded};
use crate::service::{settings, start};

const FAILED: &str = "acme_renewal_failed";

#[tokio::test]
async fn a_name_that_leads_nowhere_is_refused_by_name() {
    if !is_demanded("a_name_that_leads_nowhere_is_refused_by_name") {
        return;
    }
    for challenge in [AcmeChallenge::Http01, AcmeChallenge::TlsAlpn01] {
        let logs = Logs::keep();
        let place = Place::new();
        let acme = AcmeSettings { challenge, ..place.settings(&["notes.example", "a.nowhere.example"]) };
        let service = Ordering::start(acme, |_| {}).await;
        let _pebble = place.start(service.http, service.address).await;
        service.time_passes(|| logs.text().contains("the authority refused a.nowhere.example: ")).await;
        // Pebble's words; Let's Encrypt calls it a problem of DNS.
        assert!(logs.text().to_lowercase().contains("could not resolve"), "{}", logs.text());
        connect(service.data.path(), service.address, &["http/1.1"]).await;
        assert_eq!(service.certificates().counts().renewals(), 0);
        assert!(files(service.data.path()).iter().all(|path| path.extension().is_none_or(|end| end != "pem")));
    }
}

#[tokio::test]
async fn a_name_that_the_authority_will_not_certify_is_refused_by_name() {
    if !is_demanded("a_name_that_the_authority_will_not_certify_is_refused_by_name") {
        return;
    }
    let logs = Logs::keep();
    let mut place = Place::new();
    place.extra = json!({"domainBlocklist": ["blocked.example"]});
    let service = Ordering::start(place.settings(&["blocked.example", "notes.example"]), |_| {}).await;
    let _pebble = place.start(service.http, service.address).await;
    service.time_passes(|| logs.text().contains("rejectedIdentifier (")).await;
    assert!(logs.text().contains("blocked.example"), "{}", logs.text());
    assert!(logs.text().contains("take the name out of tls.acme.domains"), "{}", logs.text());
}

#[tokio::test]
async fn an_authority_that_is_down_then_finds_a_stranger_then_forgets_the_account_is_borne() {
    if !is_demanded("an_authority_that_is_down_then_finds_a_stranger_then_forgets_the_account_is_borne") {
        return;
    }
    let logs = Logs::keep();
    let place = Place::new();
    let stranger = start(|_| {}).await;
    let service = Ordering::start(place.settings(NAMES), |_| {}).await;
    // Down: the development certificate is served, and said so.
    assert_eq!(logs.count("acme_certificate_awaited", &["THERE IS NO CERTIFICATE YET", "notes.example"]), 1);
    service.failures(1).await;
    logs.count(FAILED, &["can't be reached", "Connection refused", "retry="]);
    connect(service.data.path(), service.address, &["http/1.1"]).await;
    // It comes up, and finds another server at the name.
    let pebble = place.start(stranger.http, stranger.address).await;
    service.time_passes(|| logs.text().contains("notes.example: unauthorized (")).await;
    assert!(logs.text().contains("another server answers for the name"), "{}", logs.text());
    // It comes back, has forgotten everything, and finds the right server.
    let pebble = pebble.stop().start(service.http, service.address).await;
    service.renewals(1).await;
    assert_eq!(logs.count("acme_account_unknown", &["accountDoesNotExist"]), 1);
    assert_eq!(logs.count("acme_account_made", &[]), 2);
    assert!(files(service.data.path()).iter().any(|path| path.ends_with("account-unknown.json")));
    visit(&root(&pebble).await, service.address, "notes.example").await.unwrap();
}

#[tokio::test]
async fn an_external_account_is_bound_where_the_authority_demands_it() {
    if !is_demanded("an_external_account_is_bound_where_the_authority_demands_it") {
        return;
    }
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    for is_bound in [true, false] {
        let logs = Logs::keep();
        let mut place = Place::new();
        place.extra = json!({"externalAccountBindingRequired": true, "externalAccountMACKeys": {"kid-1": key}});
        let mut acme = place.settings(NAMES);
        if is_bound {
            (acme.eab_kid, acme.eab_hmac_key) = (Some("kid-1".to_owned()), Some(Secret::new(key)));
        }
        let service = Ordering::start(acme, |_| {}).await;
        let _pebble = place.start(service.http, service.address).await;
        if is_bound {
            service.renewals(1).await;
        } else {
            service.time_passes(|| logs.text().contains("set tls.acme.eab_kid and tls.acme.eab_hmac_key")).await;
        }
        assert!(!logs.text().contains(key), "{}", logs.text());
    }
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_gets_nothing() {
    if !is_demanded("an_authority_that_is_not_trusted_gets_nothing") {
        return;
    }
    let logs = Logs::keep();
    let (place, other) = (Place::new(), Place::new());
    let acme = AcmeSettings { ca_file: Some(other.root()), ..place.settings(NAMES) };
    let service = Ordering::start(acme, |_| {}).await;
    let _pebble = place.start(service.http, service.address).await;
    service.time_passes(|| logs.text().contains("has a certificate that isn't trusted (")).await;
    assert!(logs.text().contains("name its root in tls.acme.ca_file"), "{}", logs.text());
    assert!(!files(service.data.path()).iter().any(|path| path.ends_with("account.json")));
    connect(service.data.path(), service.address, &["http/1.1"]).await;
}

#[tokio::test]
async fn a_clock_far_off_is_named_as_the_cause() {
    if !is_demanded("a_clock_far_off_is_named_as_the_cause") {
        return;
    }
    let logs = Logs::keep();
    let place = Place::new();
    let service = Ordering::start(place.settings(NAMES), |_| {}).await;
    // In seven years every certificate that Pebble issues today has ended.
    service.hand.advance(Duration::from_secs(7 * 365 * 86_400));
    let _pebble = place.start(service.http, service.address).await;
    service.time_passes(|| logs.text().contains("the certificate ended at ")).await;
    assert!(logs.text().contains("set this machine's clock, which says "), "{}", logs.text());
    assert_eq!(service.certificates().counts().renewals(), 0);
    assert!(!files(service.data.path()).iter().any(|path| path.extension().is_some_and(|end| end == "pem")));
}

#[tokio::test]
async fn an_authority_that_is_busy_is_left_alone_as_long_as_it_says() {
    let (logs, place) = (Logs::keep(), Place::new());
    let front = Front::start(place.folder.path()).await;
    front.be_busy();
    let acme = AcmeSettings { directory_url: Some(front.directory()), ..place.settings(NAMES) };
    let earliest = (Clock::system().now() + Front::LASTS).to_string();
    let service = Ordering::start(acme, |_| {}).await;
    service.failures(1).await;
    assert_eq!(logs.count(FAILED, &["the authority answers 503 Service Unavailable only"]), 1);
    let text = logs.text();
    let retry = text.split("retry=").nth(1).unwrap().split(' ').next().unwrap();
    // Moments in this form sort as texts.
    assert!(retry >= earliest.as_str(), "{retry} is before {earliest}");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_to_asks_nothing_of_the_authority() {
    let logs = Logs::keep();
    let nobody = AcmeSettings { directory_url: Some("https://127.0.0.1:1/dir".to_owned()), ..AcmeSettings::default() };
    let service = Ordering::start(nobody, |_| {}).await;
    service.failures(1).await;
    // A folder that is gone is as good as one that is full, and no privilege gets around it.
    std::fs::remove_dir_all(service.data.path().join("tls/acme")).unwrap();
    service.time_passes(|| logs.text().contains("cannot keep a certificate: ")).await;
    assert!(logs.text().contains("with room that it can write to"), "{}", logs.text());
    connect(service.data.path(), service.address, &["http/1.1"]).await;
}

#[tokio::test]
async fn an_account_that_cannot_be_read_stops_the_start_and_is_kept() {
    let nobody = AcmeSettings { directory_url: Some("https://127.0.0.1:1/dir".to_owned()), ..AcmeSettings::default() };
    let data = Ordering::start(nobody.clone(), |_| {}).await.stop().await;
    let folders = std::fs::read_dir(data.path().join("tls/acme")).unwrap().map(|entry| entry.unwrap().path());
    let file = folders.into_iter().find(|path| path.to_str().unwrap().contains("127.0.0.1-")).unwrap().join("account.json");
    let no_key =
        json!({"contact": [], "credentials": {"id": "https://127.0.0.1:1/1", "key_pkcs8": "AAAA", "directory": "https://127.0.0.1:1/dir"}});
    for text in ["{\"contact\": [".to_owned(), no_key.to_string()] {
        std::fs::write(&file, &text).unwrap();
        let mut settings = settings(data.path());
        settings.tls = TlsSettings { mode: TlsMode::Acme, acme: nobody.clone(), ..TlsSettings::default() };
        let message = Server::bind(settings).await.unwrap_err().to_string();
        assert!(message.contains("cannot use the account in ") && message.contains("move it away to get a new account"), "{message}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}
