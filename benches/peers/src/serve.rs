//! Sockets: plain through `axum::serve`, TLS through tokio-rustls and hyper-util as axum's own low-level example has it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::ListenerExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// `PROGRAM ADDRESS FOLDER [CERTIFICATE KEY]`, or `PROGRAM seed FOLDER`.
pub struct Arguments {
    /// Where to listen; none when the database is to be filled instead.
    pub address: Option<SocketAddr>,
    /// Where the database and the log are.
    pub folder: PathBuf,
    /// The certificate and the key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl Arguments {
    pub fn read() -> Result<Self> {
        let mut arguments = std::env::args().skip(1);
        let (Some(address), Some(folder)) = (arguments.next(), arguments.next()) else {
            return Err("usage: PROGRAM ADDRESS|seed FOLDER [CERTIFICATE KEY]".into());
        };
        let address = if address == "seed" { None } else { Some(address.parse()?) };
        let tls = arguments.next().zip(arguments.next()).map(|(certificate, key)| (certificate.into(), key.into()));
        Ok(Self { address, folder: folder.into(), tls })
    }
}

pub async fn serve(router: Router, address: SocketAddr, tls: Option<&(PathBuf, PathBuf)>) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    let Some((certificate, key)) = tls else {
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
        return Ok(());
    };
    let acceptor = TlsAcceptor::from(Arc::new(configuration(certificate, key)?));
    loop {
        let (stream, peer) = listener.accept().await?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = hyper_util::service::TowerToHyperService::new(tower::service_fn(move |mut request: Request<_>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                tower::ServiceExt::oneshot(router.clone(), request)
            }));
            let _ = Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        });
    }
}

fn configuration(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<std::result::Result<Vec<_>, _>>()?;
    let mut configuration = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}
