//! Clients: raw bytes, TLS, HTTP/2.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Long enough for a slow machine; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Sends bytes and gives back everything up to the end of the connection.
pub(crate) async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    read_all(&mut stream).await
}

/// Reads up to the end of the connection, which has to come.
pub(crate) async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the server closes").unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads until a text has come.
pub(crate) async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut part = [0; 4096];
        let length = timeout(PATIENCE, stream.read(&mut part)).await.expect("the server answers").unwrap();
        assert!(length > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    text
}

/// A TLS client that trusts the authority in a data folder.
pub(crate) fn tls_client(data: &Path, versions: &[&'static rustls::SupportedProtocolVersion], alpn: &[&str]) -> Arc<ClientConfig> {
    client_of(CertificateDer::from_pem_file(data.join("tls/ca.pem")).unwrap(), versions, alpn)
}

/// A TLS client that trusts this authority.
pub(crate) fn client_of(
    root: CertificateDer<'_>,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&str],
) -> Arc<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.into_owned()).unwrap();
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(configuration)
}

pub(crate) async fn connect_tls(
    configuration: Arc<ClientConfig>,
    address: SocketAddr,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_over(TcpStream::connect(address).await?, configuration, name).await
}

/// TLS over a connection that is there.
pub(crate) async fn connect_over(stream: TcpStream, configuration: Arc<ClientConfig>, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    TlsConnector::from(configuration).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

/// A TLS connection with the newest version.
pub(crate) async fn connect(data: &Path, address: SocketAddr, alpn: &[&str]) -> TlsStream<TcpStream> {
    connect_tls(tls_client(data, rustls::ALL_VERSIONS, alpn), address, "localhost").await.unwrap()
}

/// Waits for something that nobody announces.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    eventually_within(PATIENCE, holds).await;
}

/// Waits longer for something that nobody announces.
pub(crate) async fn eventually_within(patience: Duration, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(patience, waiting).await.expect("it happens in time");
}

/// Whether the server closes without a byte.
pub(crate) async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut byte = [0];
    // A reset is a close, too.
    !matches!(timeout(PATIENCE, stream.read(&mut byte)).await.expect("the server closes"), Ok(1))
}
