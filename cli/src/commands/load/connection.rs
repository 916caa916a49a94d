use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::target::Target;

/// A request of ours: its body is always known.
pub(super) type Asked = Request<Full<Bytes>>;

/// How connections are made.
#[derive(Clone)]
pub(super) struct Connector {
    target: Target,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    is_http2: bool,
}

/// One open connection, or with HTTP/2 the right to one stream of it.
pub(super) enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The beginning of the body, as far as it was asked for.
    pub(super) body: Bytes,
}

/// No answer came back.
pub(super) enum Fault {
    /// No connection; the text says why.
    Unreachable(String),
    /// The connection had ended before the request was sent: it can go over another one.
    Unsent(Box<Asked>),
    /// The connection broke while the answer was awaited.
    Broken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => f.write_str(why),
            Self::Unsent(_) | Self::Broken => f.write_str("the connection breaks off"),
        }
    }
}

impl Connector {
    pub(super) fn new(target: Target, tls: Option<Arc<ClientConfig>>, is_http2: bool) -> Result<Self, portcullis::Failure> {
        let named = |tls| {
            let name = ServerName::try_from(target.host.clone());
            name.map(|name| (TlsConnector::from(tls), name))
                .map_err(|_| portcullis::Failure::usage("no certificate can have this host's name"))
        };
        let tls = tls.map(named).transpose()?;
        Ok(Self { target, tls, is_http2 })
    }

    pub(super) const fn is_http2(&self) -> bool {
        self.is_http2
    }

    pub(super) async fn connect(&self) -> Result<Connection, Fault> {
        let stream = TcpStream::connect(self.target.addresses()).await.map_err(|error| Fault::Unreachable(plainly(&error)))?;
        // An error only makes small requests slower.
        let _ = stream.set_nodelay(true);
        let Some((connector, name)) = &self.tls else { return self.begin(stream).await };
        let stream = connector.connect(name.clone(), stream).await.map_err(|error| Fault::Unreachable(plainly(&error)))?;
        self.begin(stream).await
    }

    async fn begin(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Connection, Fault> {
        let cannot = |error: hyper::Error| Fault::Unreachable(error.to_string());
        let stream = TokioIo::new(stream);
        if self.is_http2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(cannot)?;
            tokio::spawn(connection);
            Ok(Connection::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(stream).await.map_err(cannot)?;
            tokio::spawn(connection);
            Ok(Connection::Http1(sender))
        }
    }
}

impl Connection {
    /// Waits until it can take a request; `false` if it has ended.
    pub(super) async fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request and takes the whole answer, of whose body the first `keep` bytes are kept.
    pub(super) async fn exchange(&mut self, request: Asked, keep: usize) -> Result<Answer, Fault> {
        let sent = match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        };
        read(sent.map_err(unsent)?, keep).await
    }

    /// Another stream of the same connection; HTTP/1.1 has only one.
    pub(super) fn another(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }
}

impl Answer {
    /// The seconds after which the service wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
    }
}

fn unsent(mut error: TrySendError<Asked>) -> Fault {
    error.take_message().map_or(Fault::Broken, |request| Fault::Unsent(Box::new(request)))
}

async fn read(response: Response<Incoming>, keep: usize) -> Result<Answer, Fault> {
    let (head, mut body) = response.into_parts();
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::Broken)?;
        if let Some(data) = frame.data_ref() {
            let fits = data.len().min(keep.saturating_sub(kept.len()));
            kept.extend_from_slice(data.get(..fits).unwrap_or_default());
        }
    }
    Ok(Answer { status: head.status, headers: head.headers, body: kept.freeze() })
}

/// What is wrong with the connection, and how to mend it.
fn plainly(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => format!(
            "its certificate is not to be trusted ({why}); name its authority with --ca FILE \
             (with the development certificate that is data/tls/ca.pem of the service)"
        ),
        Some(rustls::Error::InvalidMessage(_)) => "it doesn't speak TLS; is it http:// rather than https://?".to_owned(),
        Some(other) => format!("TLS: {other}"),
        None if error.kind() == io::ErrorKind::ConnectionRefused => "connection refused; is the service running?".to_owned(),
        None => error.to_string(),
    }
}
