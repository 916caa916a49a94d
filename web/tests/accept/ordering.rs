//! A service that orders its certificate, and what it keeps.

use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_core::{Clock, ManualClock};
use portcullis_web::accept::{AcmeSettings, Certificates, ServerSettings, TlsMode};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::AsyncWriteExt as _;

use crate::client::{client_of, connect_tls, eventually_within, read_all};
use crate::pebble::Pebble;
use crate::service::{Running, start};

pub(crate) const NAMES: &[&str] = &["notes.example", "www.notes.example"];
pub(crate) const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: notes.example\r\nconnection: close\r\n\r\n";

/// A service that orders its certificate, and the hand of its clock.
pub(crate) struct Ordering {
    pub(crate) running: Running,
    pub(crate) hand: ManualClock,
}

impl Ordering {
    pub(crate) async fn start(acme: AcmeSettings, change: impl FnOnce(&mut ServerSettings)) -> Self {
        let (clock, hand) = Clock::manual(Clock::system().now());
        let running = start(|settings| {
            settings.tls.mode = TlsMode::Acme;
            settings.tls.acme = acme;
            settings.certificate_interval = Duration::from_millis(20);
            settings.clock = clock;
            change(settings);
        });
        Self { running: running.await, hand }
    }

    pub(crate) fn certificates(&self) -> Certificates {
        self.running.certificates.clone().unwrap()
    }

    /// Lets time pass until so many certificates were issued.
    pub(crate) async fn renewals(&self, count: u64) {
        let certificates = self.certificates();
        self.time_passes(|| certificates.counts().renewals() >= count).await;
    }

    /// Lets time pass until so many attempts have failed.
    pub(crate) async fn failures(&self, count: u64) {
        let certificates = self.certificates();
        self.time_passes(|| certificates.counts().failed_renewals() >= count).await;
    }

    /// Waits after a failure pass some fifty times as fast as they are.
    pub(crate) async fn time_passes(&self, until: impl Fn() -> bool) {
        let step = || {
            self.hand.advance(Duration::from_millis(100));
            until()
        };
        eventually_within(Duration::from_secs(120), step).await;
    }

    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.running.shutdown.end_at_once();
        self.running.serving.await.unwrap();
        self.running.data
    }
}

impl Deref for Ordering {
    type Target = Running;
    fn deref(&self) -> &Running {
        &self.running
    }
}

/// What this authority issues is signed by.
pub(crate) async fn root(pebble: &Pebble) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&pebble.issuing_root().await).unwrap()
}

/// Opens a connection as a client that trusts only what was signed by this root.
pub(crate) async fn visit(root: &CertificateDer<'static>, address: SocketAddr, name: &str) -> std::io::Result<String> {
    let mut stream = connect_tls(client_of(root.clone(), rustls::ALL_VERSIONS, &["http/1.1"]), address, name).await?;
    stream.write_all(GET).await?;
    Ok(read_all(&mut stream).await)
}

/// The files below the folder of certificates.
pub(crate) fn files(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![data.join("tls/acme")];
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The account and the certificate, with the certificate's bytes.
pub(crate) fn kept(data: &Path) -> (PathBuf, PathBuf) {
    let named = |end: &str| files(data).into_iter().find(|path| path.to_str().unwrap().ends_with(end)).unwrap();
    (named("account.json"), named(".pem"))
}
