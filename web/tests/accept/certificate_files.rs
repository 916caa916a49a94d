//! An operator's certificate files, which change under the running service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, ManualClock, Timestamp};
use portcullis_web::accept::{Certificates, TlsMode};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::AsyncWriteExt as _;

use crate::client::{connect, connect_tls, read_all, read_until, tls_client};
use crate::logs::Logs;
use crate::service::start;

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const DAY: Duration = Duration::from_secs(86_400);
const REFUSED: &str = "tls_certificate_refused";

/// Two pairs for localhost, from two authorities, as an operator's files.
struct Files {
    here: tempfile::TempDir,
    first: crate::service::Running,
    second: crate::service::Running,
}

impl Files {
    async fn new() -> Self {
        Self { here: tempfile::TempDir::new().unwrap(), first: start(|_| {}).await, second: start(|_| {}).await }
    }

    fn copy(&self, from: &Path, file: &str) {
        std::fs::copy(from.join("tls").join(file), self.here.path().join(file)).unwrap();
    }

    async fn start(&self, interval: Duration) -> crate::service::Running {
        self.copy(self.first.data.path(), "cert.pem");
        self.copy(self.first.data.path(), "key.pem");
        start(|settings| {
            settings.tls.mode = TlsMode::Files;
            settings.tls.cert_file = Some(self.here.path().join("cert.pem"));
            settings.tls.key_file = Some(self.here.path().join("key.pem"));
            settings.certificate_interval = interval;
        })
        .await
    }
}

fn never() -> Duration {
    Duration::from_secs(3600)
}

#[tokio::test]
async fn a_changed_certificate_is_served_without_dropping_a_connection() {
    let files = Files::new().await;
    let running = files.start(never()).await;
    let certificates: Certificates = running.certificates.clone().unwrap();
    let mut old = connect(files.first.data.path(), running.address, &["http/1.1"]).await;
    old.write_all(b"GET /one HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut old, "\r\n\r\n").await;

    assert!(!certificates.reload_now(), "nothing has changed");
    files.copy(files.second.data.path(), "cert.pem");
    files.copy(files.second.data.path(), "key.pem");
    assert!(certificates.reload_now());

    connect(files.second.data.path(), running.address, &["http/1.1"]).await;
    old.write_all(GET).await.unwrap();
    assert!(read_all(&mut old).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_bad_pair_is_refused_and_the_old_one_stays() {
    let logs = Logs::keep();
    let files = Files::new().await;
    let running = files.start(never()).await;
    let certificates = running.certificates.clone().unwrap();
    let still = async || drop(connect(files.first.data.path(), running.address, &["http/1.1"]).await);

    files.copy(files.second.data.path(), "cert.pem");
    assert!(!certificates.reload_now(), "a certificate without its key");
    still().await;
    assert_eq!(logs.count(REFUSED, &["does not belong to the certificate", "the present one stays", "cert.pem"]), 1);
    let file = files.here.path().join("cert.pem");
    let chain = std::fs::read(&file).unwrap();
    std::fs::write(&file, &chain[..chain.len() / 3]).unwrap();
    assert!(!certificates.reload_now(), "half of a file");
    still().await;
    std::fs::write(files.here.path().join("cert.pem"), "no PEM").unwrap();
    assert!(!certificates.reload_now());
    still().await;
    std::fs::remove_file(files.here.path().join("key.pem")).unwrap();
    assert!(!certificates.reload_now());
    assert!(!certificates.reload_now(), "what is still wrong is reported once");
    still().await;
    assert_eq!(certificates.counts().refusals(), 4);
    assert!(logs.text().contains("cannot read the private key"), "{}", logs.text());

    files.copy(files.second.data.path(), "cert.pem");
    files.copy(files.second.data.path(), "key.pem");
    assert!(certificates.reload_now(), "the pair is good again");
}

#[tokio::test]
async fn a_pair_that_does_not_match_stops_the_start() {
    let files = Files::new().await;
    drop(files.start(never()).await);
    files.copy(files.second.data.path(), "cert.pem");
    let mut settings = crate::service::settings(files.here.path());
    settings.tls.mode = TlsMode::Files;
    settings.tls.cert_file = Some(files.here.path().join("cert.pem"));
    settings.tls.key_file = Some(files.here.path().join("key.pem"));
    let message = portcullis_web::accept::Server::bind(settings).await.unwrap_err().to_string();
    assert!(message.contains("does not belong to the certificate"), "{message}");
}

#[tokio::test]
async fn a_mounted_secret_of_kubernetes_is_renewed_by_swapping_a_link_to_a_folder() {
    let files = Files::new().await;
    let folder = files.here.path();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
    link(&files.first.data.path().join("tls"), "..data");
    link(Path::new("..data/cert.pem"), "tls.crt");
    link(Path::new("..data/key.pem"), "tls.key");
    let running = start(|settings| {
        settings.tls.mode = TlsMode::Files;
        settings.tls.cert_file = Some(folder.join("tls.crt"));
        settings.tls.key_file = Some(folder.join("tls.key"));
        settings.certificate_interval = Duration::from_millis(5);
    })
    .await;
    link(&files.second.data.path().join("tls"), "..next");
    std::fs::rename(folder.join("..next"), folder.join("..data")).unwrap();
    let renewed = async {
        let configuration = tls_client(files.second.data.path(), rustls::ALL_VERSIONS, &["h2"]);
        while connect_tls(Arc::clone(&configuration), running.address, "localhost").await.is_err() {}
    };
    tokio::time::timeout(crate::client::PATIENCE, renewed).await.unwrap();
}

/// A pair for localhost with this life.
fn pair(begins: Timestamp, ends: Timestamp) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let at = |moment: Timestamp| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(moment.as_seconds()).unwrap());
    (params.not_before, params.not_after) = (at(begins), at(ends));
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// A service with a pair that has begun yesterday and ends in ten days, and the hand of its clock.
async fn with_a_life() -> (tempfile::TempDir, crate::service::Running, Clock, ManualClock) {
    let (clock, hand) = Clock::manual(Clock::system().now());
    let here = tempfile::TempDir::new().unwrap();
    put(here.path(), &pair(clock.now() - DAY, clock.now() + DAY * 10));
    let running = start(|settings| {
        settings.tls.mode = TlsMode::Files;
        settings.tls.cert_file = Some(here.path().join("cert.pem"));
        settings.tls.key_file = Some(here.path().join("key.pem"));
        settings.certificate_interval = never();
        settings.clock = clock.clone();
    })
    .await;
    (here, running, clock, hand)
}

fn put(folder: &Path, (certificate, key): &(String, String)) {
    std::fs::write(folder.join("cert.pem"), certificate).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
}

#[tokio::test]
async fn a_pair_that_has_ended_is_refused_while_the_present_one_is_good() {
    let logs = Logs::keep();
    let (here, running, clock, hand) = with_a_life().await;
    let certificates = running.certificates.unwrap();
    let ended = pair(clock.now() - DAY * 9, clock.now() - DAY);
    put(here.path(), &ended);
    assert!(!certificates.reload_now());
    assert_eq!(logs.count(REFUSED, &["the certificate ended at", "set this machine's clock, which says"]), 1);
    assert_eq!(certificates.counts().refusals(), 1);
    // When the present one has ended, too, anything is as good.
    hand.advance(DAY * 11);
    put(here.path(), &pair(clock.now() - DAY * 2, clock.now() - DAY));
    assert!(certificates.reload_now());
    assert_eq!(logs.count("tls_certificate_expired", &["renew it"]), 1);
}

#[tokio::test]
async fn a_pair_that_has_not_begun_is_taken_when_it_begins() {
    let logs = Logs::keep();
    let (here, running, clock, hand) = with_a_life().await;
    let certificates = running.certificates.unwrap();
    put(here.path(), &pair(clock.now() + DAY, clock.now() + DAY * 30));
    assert!(!certificates.reload_now());
    assert!(!certificates.reload_now());
    assert_eq!(logs.count(REFUSED, &["the certificate begins at"]), 1);
    hand.advance(DAY * 2);
    assert!(certificates.reload_now());
    assert_eq!(certificates.counts().refusals(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_served_with_a_warning() {
    let logs = Logs::keep();
    let (_here, _running, _, _) = with_a_life().await;
    assert_eq!(logs.count("tls_certificate_other_name", &["notes.example", "mend public_url"]), 1);
}

#[tokio::test]
async fn a_clock_far_off_is_said_at_the_start() {
    let logs = Logs::keep();
    let here = tempfile::TempDir::new().unwrap();
    let now = Clock::system().now();
    put(here.path(), &pair(now + DAY * 300, now + DAY * 400));
    let files = |settings: &mut portcullis_web::accept::ServerSettings| {
        settings.tls.mode = TlsMode::Files;
        settings.tls.cert_file = Some(here.path().join("cert.pem"));
        settings.tls.key_file = Some(here.path().join("key.pem"));
    };
    let _running = start(files).await;
    assert_eq!(logs.count("tls_certificate_not_yet_valid", &["the certificate begins at", "set this machine's clock"]), 1);
}
