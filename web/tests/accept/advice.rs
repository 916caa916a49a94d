//! A directory in front of Pebble that adds what Pebble lacks: when to renew (RFC 9773).

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_core::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::client::read_until;

/// Serves `/dir` and `/ari/…` over HTTPS until the test ends.
#[derive(Clone)]
pub(crate) struct Front(Arc<Inner>);

struct Inner {
    directory: String,
    acceptor: TlsAcceptor,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Pebble's directory.
    upstream: Value,
    window: Option<(Timestamp, Timestamp)>,
    /// Refuses everything.
    is_busy: bool,
    /// The paths of advice that were asked for.
    asked: Vec<String>,
}

impl Front {
    /// Starts with the certificate in Pebble's folder.
    pub(crate) async fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let configuration = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap()],
                PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let own =
            Self(Arc::new(Inner { directory: format!("https://localhost:{}/dir", address.port()), acceptor, state: Mutex::default() }));
        let front = own.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(front.clone().answer(stream));
            }
        });
        own
    }

    pub(crate) fn directory(&self) -> String {
        self.0.directory.clone()
    }

    /// Stands before this directory from here on.
    pub(crate) fn stand_before(&self, upstream: Value) {
        self.0.state.lock().unwrap().upstream = upstream;
    }

    /// Has no time from here on.
    pub(crate) fn be_busy(&self) {
        self.0.state.lock().unwrap().is_busy = true;
    }

    /// Advises to renew between these moments.
    pub(crate) fn advise(&self, start: Timestamp, end: Timestamp) {
        self.0.state.lock().unwrap().window = Some((start, end));
    }

    /// The advice that was asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.state.lock().unwrap().asked.clone()
    }

    async fn answer(self, stream: TcpStream) {
        let mut stream = self.0.acceptor.accept(stream).await.unwrap();
        let head = read_until(&mut stream, "\r\n\r\n").await;
        let path = head.split(' ').nth(1).unwrap();
        let is_busy = self.0.state.lock().unwrap().is_busy;
        let (status, body) = if is_busy { ("503 Busy", "not now".to_owned()) } else { ("200 OK", self.body(path)) };
        let head = format!("HTTP/1.1 {status}\r\nretry-after: {}\r\ncontent-length: {}\r\n", Self::LASTS.as_secs(), body.len());
        stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    fn body(&self, path: &str) -> String {
        let mut state = self.0.state.lock().unwrap();
        if path == "/dir" {
            let mut directory = state.upstream.clone();
            directory["renewalInfo"] = json!(self.directory().replace("/dir", "/ari"));
            return directory.to_string();
        }
        state.asked.push(path.to_owned());
        let (start, end) = state.window.unwrap();
        json!({"suggestedWindow": {"start": start.to_string(), "end": end.to_string()}}).to_string()
    }

    /// For how long its advice is to be believed.
    pub(crate) const LASTS: Duration = Duration::from_secs(3600);
}
