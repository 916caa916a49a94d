use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::http1::connect;

/// The certificate that the servers show, and nothing else.
#[derive(Clone)]
pub(crate) struct Trust {
    one: Arc<ClientConfig>,
    two: Arc<ClientConfig>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Trust {
    pub(crate) fn new(certificate: CertificateDer<'static>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let configuration = |protocol: &[u8]| -> io::Result<Arc<ClientConfig>> {
            let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&rustls::version::TLS13]);
            let mut configuration = builder.map_err(io::Error::other)?.with_root_certificates(roots.clone()).with_no_client_auth();
            configuration.alpn_protocols = vec![protocol.to_vec()];
            Ok(Arc::new(configuration))
        };
        Ok(Self { one: configuration(b"http/1.1")?, two: configuration(b"h2")? })
    }

    /// For HTTP/2.
    pub(super) fn two(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.two)
    }
}

/// A TLS 1.3 connection for HTTP/1.1, its handshake done.
pub(crate) fn connect_tls(address: SocketAddr, trust: &Trust) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let client = ClientConnection::new(Arc::clone(&trust.one), server_name()?).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(client, connect(address)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

pub(super) fn server_name() -> io::Result<ServerName<'static>> {
    ServerName::try_from("localhost").map_err(io::Error::other)
}
