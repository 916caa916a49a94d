use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use portcullis_core::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::connections::Connections;
use super::limits::{Limits, LimitsSettings};
use super::shutdown::Shutdown;
use super::tls::{Certificates, TlsMode, TlsSettings, install_crypto_provider, provider, server_configuration};
use crate::admit::TrustedProxies;
use crate::app::{Management, StartError};

/// What answers the requests.
pub trait Service: Send + Sync + 'static {
    /// Answers one request; dropped when the client goes away.
    fn call(self: Arc<Self>, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<Body>> + Send;
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Whether it speaks HTTP/2.
    pub http2: bool,
}

/// What the sockets are made of.
#[derive(Debug)]
pub(crate) struct ServerParts<'a> {
    pub(crate) listen: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) tls: &'a TlsSettings,
    pub(crate) limits: &'a LimitsSettings,
    pub(crate) data_dir: &'a Path,
    pub(crate) trusted: &'a TrustedProxies,
    pub(crate) clock: &'a Clock,
}

/// Bound sockets.
pub(crate) struct Server {
    listener: TcpListener,
    management: TcpListener,
    certificates: Option<Certificates>,
    acceptor: Option<TlsAcceptor>,
    limits: Arc<Limits>,
}

impl Server {
    pub(crate) async fn bind(parts: ServerParts<'_>) -> Result<Self, StartError> {
        install_crypto_provider();
        let limits = Arc::new(parts.limits.limits()?);
        let (certificates, acceptor) = if parts.tls.mode == TlsMode::BehindProxy {
            if parts.trusted.is_empty() {
                return Err(StartError::new("tls.mode is `behind_proxy`, but proxy.trusted is empty: name the proxy's network, such as 10.0.0.0/8"));
            }
            (None, None)
        } else {
            let certificates = Certificates::open(parts.tls, parts.data_dir, Arc::new(provider()), parts.clock.clone())?;
            let acceptor = TlsAcceptor::from(server_configuration(&certificates, parts.tls.profile)?);
            (Some(certificates), Some(acceptor))
        };
        let listener = bind("listen", parts.listen).await?;
        let management = bind("management_listen", parts.management).await?;
        Ok(Self { listener, management, certificates, acceptor, limits })
    }

    pub(crate) fn https_address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    pub(crate) fn management_address(&self) -> SocketAddr {
        self.management.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    pub(crate) fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    pub(crate) async fn serve<S: Service>(self, service: Arc<S>, management: Arc<Management>, shutdown: Shutdown) {
        let tasks = TaskTracker::new();
        let connections = Connections::new(&self.limits);
        let certificates = self.certificates.clone();
        let watch = tokio::spawn(async move {
            if let Some(certificates) = certificates {
                certificates.watch(Duration::from_secs(3)).await;
            }
        });
        let inside = tokio::spawn(manage(self.management, management, shutdown.clone()));
        loop {
            let (stream, address) = tokio::select! {
                () = shutdown.begun() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Some(permit) = connections.admit(address.ip()) else { continue };
            let (service, limits, acceptor, shutdown) = (Arc::clone(&service), Arc::clone(&self.limits), self.acceptor.clone(), shutdown.clone());
            tasks.spawn(async move {
                converse(stream, address, service, &limits, acceptor, shutdown).await;
                drop(permit);
            });
        }
        tasks.close();
        let drained = async {
            tokio::select! {
                () = tasks.wait() => {}
                () = shutdown.ends_at_once() => {}
                () = tokio::time::sleep(self.limits.shutdown_drain) => tracing::warn!("open connections were cut at the end of the drain"),
            }
        };
        drained.await;
        watch.abort();
        inside.abort();
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::new(format_args!("cannot listen on {address} (setting `{setting}`): {error}")))
}

async fn converse<S: Service>(
    stream: TcpStream,
    address: SocketAddr,
    service: Arc<S>,
    limits: &Limits,
    acceptor: Option<TlsAcceptor>,
    shutdown: Shutdown,
) {
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => http1(TokioIo::new(stream), Peer { address, tls: false, http2: false }, service, limits, shutdown).await,
        Some(acceptor) => {
            let Ok(Ok(stream)) = tokio::time::timeout(limits.tls_handshake, acceptor.accept(stream)).await else { return };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let peer = Peer { address, tls: true, http2: is_http2 };
            if is_http2 {
                http2(TokioIo::new(stream), peer, service, limits, shutdown).await;
            } else {
                http1(TokioIo::new(stream), peer, service, limits, shutdown).await;
            }
        }
    }
}

async fn http1<S: Service, I>(io: I, peer: Peer, service: Arc<S>, limits: &Limits, shutdown: Shutdown)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.call(request, peer).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_header_size(limits.header_bytes + limits.url_bytes)
        .serve_connection(io, answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn http2<S: Service, I>(io: I, peer: Peer, service: Arc<S>, limits: &Limits, shutdown: Shutdown)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.call(request, peer).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_pending_accept_reset_streams(limits.http2_pending_resets)
        .max_local_error_reset_streams(limits.http2_local_resets)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.http2_ping)
        .keep_alive_timeout(limits.http2_ping_timeout)
        .serve_connection(io, answer);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn manage(listener: TcpListener, management: Arc<Management>, shutdown: Shutdown) {
    while let Ok((stream, _)) = listener.accept().await {
        let (management, shutdown) = (Arc::clone(&management), shutdown.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&management).answer(request.uri().path().to_owned());
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(5))
                .serve_connection(TokioIo::new(stream), answer);
            tokio::select! {
                _ = connection => {}
                () = shutdown.ends_at_once() => {}
            }
        });
    }
}
