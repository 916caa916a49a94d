use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::connection::{Protocols, Tasks};
use super::connections::Connections;
use super::limits::Limits;
use super::pace::Pace;
use super::service::{Peer, Service};
use super::socket::Socket;
use super::tls::{ALPN, Challenges};
use crate::app::StartError;

/// A bound address and what is spoken there.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<Connections>,
    pub(super) tasks: Tasks,
    tcp: TcpListener,
    tls: Option<Tls>,
    protocols: Protocols,
}

impl Listener {
    /// Binds the address of a setting.
    pub(super) async fn bind(setting: &str, address: SocketAddr, tls: Option<Tls>, limits: Arc<Limits>) -> Result<Self, StartError> {
        let tcp = TcpListener::bind(address).await.map_err(|error| cannot_listen(setting, address, &error))?;
        let address = tcp.local_addr().map_err(|error| cannot_listen(setting, address, &error))?;
        let tasks = Tasks::default();
        let connections = Connections::new(&limits);
        Ok(Self { address, connections, tcp, tls, protocols: Protocols::new(limits, tasks.clone()), tasks })
    }

    /// Accepts connections until the listener is told to close.
    pub(super) async fn run<S: Service>(self, service: Arc<S>) {
        let closing = self.tasks.closing.clone();
        let own = Arc::new(self);
        let accept = || own.tcp.accept();
        let admit = |tcp, address| Arc::clone(&own).admit(tcp, address, &service);
        closing.run_until_cancelled(accept_all(accept, admit)).await;
    }

    /// Starts serving a connection, or closes it when there are too many.
    fn admit<S: Service>(self: Arc<Self>, tcp: TcpStream, address: SocketAddr, service: &Arc<S>) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let Some(permit) = self.connections.admit(address.ip()) else { return };
        // Answers are written whole; waiting for more only delays them.
        let _ = tcp.set_nodelay(true);
        let socket = Socket::new(tcp, permit, Pace::new(&self.protocols.limits));
        let tasks = self.tasks.clone();
        let service = Arc::clone(service);
        tasks.spawn(Box::pin(async move { self.serve(socket, address, service).await }));
    }

    async fn serve<S: Service>(&self, socket: Socket, address: SocketAddr, service: Arc<S>) {
        let mut peer = Peer { address, tls: self.tls.is_some(), http2: false, local_port: self.address.port() };
        let Some(tls) = &self.tls else {
            // A plain port speaks HTTP/1.1 only: to find out would mean to read before any time-out applies.
            return self.protocols.serve(socket, service, peer).await;
        };
        // In boxes of their own: a connection lives longer than its handshake, and moves from hand to hand.
        let handshake = Box::pin(async { tls.accept(socket).await.map(|stream| stream.map(Box::new)) });
        let handshake = timeout(self.protocols.limits.tls_handshake, handshake);
        let Some(Ok(Ok(Some(stream)))) = self.tasks.closing.run_until_cancelled(handshake).await else { return };
        peer.http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.protocols.serve(stream, service, peer).await;
    }
}

/// The TLS of a listener.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) configuration: Arc<ServerConfig>,
    /// Answered instead of served, with `tls-alpn-01`.
    pub(super) challenges: Option<Challenges>,
}

impl Tls {
    /// The encrypted stream; none when the handshake was all that was wanted.
    async fn accept(&self, socket: Socket) -> io::Result<Option<TlsStream<Socket>>> {
        let configuration = Arc::clone(&self.configuration);
        let Some(challenges) = &self.challenges else {
            return TlsAcceptor::from(configuration).accept(socket).await.map(Some);
        };
        let handshake = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), socket).await?;
        let hello = handshake.client_hello();
        let is_challenge = hello.alpn().is_some_and(|protocols| protocols.eq([ALPN]));
        let name = hello.server_name().filter(|_| is_challenge).map(str::to_owned);
        let answer = match name {
            Some(name) => challenges.tls_answer(&name).await,
            None => None,
        };
        let Some(answer) = answer else { return handshake.into_stream(configuration).await.map(Some) };
        handshake.into_stream(answer).await?.shutdown().await?;
        Ok(None)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Accepts for ever: no error of one connection or of the machine ends the loop.
async fn accept_all<C, A, F>(mut accept: impl FnMut() -> F, mut admit: A)
where
    F: Future<Output = io::Result<(C, SocketAddr)>>,
    A: FnMut(C, SocketAddr),
{
    let mut wait = SHORTEST_WAIT;
    loop {
        match accept().await {
            Ok((connection, address)) => {
                wait = SHORTEST_WAIT;
                admit(connection, address);
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                // Usually too many open files: others have to close first.
                tracing::error!(event = "accept_failed", error = %error, retry = ?wait, "connections can't be accepted");
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// The client left before it was accepted.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn cannot_listen(setting: &str, address: SocketAddr, error: &io::Error) -> StartError {
    let variable = setting.to_uppercase();
    let kind = error.kind();
    let mend = if kind == io::ErrorKind::AddrInUse {
        "another process has this port: stop it, or choose another port".to_owned()
    } else if kind == io::ErrorKind::PermissionDenied && address.port() < 1024 {
        "ports below 1024 need a privilege: choose a port such as 8443, or grant CAP_NET_BIND_SERVICE".to_owned()
    } else if kind == io::ErrorKind::AddrNotAvailable {
        "this machine doesn't have this address: choose 127.0.0.1, 0.0.0.0 or one of its own".to_owned()
    } else {
        format!("{error}: choose another address")
    };
    StartError::new(format_args!("cannot listen on {address} (setting `{setting}`, variable PORTCULLIS_{variable}): {mend}"))
}

const SHORTEST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[tokio::test]
    async fn errors_of_accept_never_end_the_loop() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let too_many_files = || Err(io::Error::from_raw_os_error(24));
        let mut results: VecDeque<io::Result<((), SocketAddr)>> =
            [too_many_files(), too_many_files(), Err(io::ErrorKind::ConnectionAborted.into()), Ok(((), address))].into();
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
        let accept = || {
            let next = results.pop_front();
            async {
                match next {
                    Some(result) => result,
                    None => std::future::pending().await,
                }
            }
        };
        let accepting = accept_all(accept, |(), address| send.send(address).unwrap());
        tokio::select! {
            () = accepting => unreachable!("the loop has no end"),
            accepted = receive.recv() => assert_eq!(accepted, Some(address)),
        }
    }
}
