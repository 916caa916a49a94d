//! A service under test, and what it saw.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::{HeaderValue, Request, Response, StatusCode, header, request};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use portcullis_core::Clock;
use portcullis_web::IntoResponse as _;
use portcullis_web::accept::{
    Certificates, ConnectionCounts, Drained, Excess, FieldLines, Limits, LimitsSettings, Peer, Server, ServerSettings, Service, Shutdown,
    TlsMode, TlsSettings,
};
use portcullis_web::respond::Problem;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(crate) const MEDIUM: usize = 256 * 1024;
/// The parts of `/parts` and the length of each.
pub(crate) const PARTS: std::ops::Range<usize> = 0..64;
pub(crate) const PART: usize = 4 * 1024;

/// Echoes, waits, and remembers which paths were called.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) calls: std::sync::Mutex<Vec<String>>,
    pub(crate) began: Notify,
    pub(crate) cancelled: Notify,
    pub(crate) go_on: Notify,
    pub(crate) finished: AtomicUsize,
}

/// Tells of a handler that was dropped before its end.
struct Unfinished<'a>(Option<&'a Notify>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(cancelled) = self.0 {
            cancelled.notify_one();
        }
    }
}

impl Service for Echo {
    async fn call(&self, request: Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        self.calls.lock().unwrap().push(path.clone());
        let response = match path.as_str() {
            "/wait" => {
                let mut unfinished = Unfinished(Some(&self.cancelled));
                self.began.notify_one();
                self.go_on.notified().await;
                unfinished.0 = None;
                Response::new(Body::from("waited"))
            }
            "/large" => Response::new(Body::from(vec![b'x'; 8 * 1024 * 1024])),
            "/short" => Response::new(Body::from(vec![b'x'; 10 * 1024])),
            "/medium" => Response::new(Body::from(vec![b'x'; MEDIUM])),
            "/parts" => parts(PARTS.map(|_| vec![b'x'; PART]), Duration::ZERO),
            "/with-trailers" => with_trailers(),
            "/silent" => parts([b"first ".to_vec(), b"last".to_vec()], request_pause(&request)),
            "/unread" => {
                let mut response = Response::new(Body::from("too much"));
                *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                response
            }
            "/excess" => {
                let mut response = Response::new(Body::from("too many"));
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                response.extensions_mut().insert(Excess);
                response
            }
            "/upgrade" => upgrade(request),
            "/peer" => Response::new(Body::from(format!("{peer:?}"))),
            _ => match request.into_body().collect().await {
                Ok(body) => Response::new(Body::from(body.to_bytes())),
                Err(_) => Problem::bad_request("broken_body", "The body ended early.").into_response(),
            },
        };
        self.finish(response, None, peer, lines)
    }

    fn finish(&self, mut response: Response<Body>, _: Option<&request::Parts>, peer: Peer, _: Option<&mut FieldLines>) -> Response<Body> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        if let Some(problem) = response.extensions().get::<Problem>().cloned() {
            *response.body_mut() = Body::from(format!("{{\"status\":{},\"code\":\"{}\"}}", problem.status().as_u16(), problem.code()));
        }
        response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        if peer.tls {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
        }
        response
    }
}

/// An answer whose length isn't known, with a pause between its parts.
fn parts(parts: impl IntoIterator<Item = Vec<u8>, IntoIter: Send + 'static>, pause: Duration) -> Response<Body> {
    let parts = futures_util::stream::iter(parts).enumerate().then(move |(number, part)| async move {
        if number > 0 && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, std::convert::Infallible>(part)
    });
    Response::new(Body::from_stream(parts))
}

/// A long answer with a line behind its content.
fn with_trailers() -> Response<Body> {
    let trailers = http::HeaderMap::from_iter([(http::HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))]);
    let frames = [Frame::data(bytes::Bytes::from(vec![b'x'; MEDIUM])), Frame::trailers(trailers)];
    Response::new(Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, std::convert::Infallible>)))))
}

/// The pause that the query asks for, in milliseconds.
fn request_pause(request: &Request<Incoming>) -> Duration {
    Duration::from_millis(request.uri().query().and_then(|query| query.parse().ok()).unwrap_or_default())
}

/// Switches to a protocol that echoes bytes.
fn upgrade(mut request: Request<Incoming>) -> Response<Body> {
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("echo"));
    response
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) service: Arc<Echo>,
    pub(crate) address: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) counts: ConnectionCounts,
    pub(crate) shutdown: Shutdown,
    pub(crate) data: TempDir,
    pub(crate) serving: JoinHandle<Drained>,
}

pub(crate) fn limits() -> Limits {
    LimitsSettings::default().limits().unwrap()
}

pub(crate) fn settings(data: &Path) -> ServerSettings {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    ServerSettings {
        listen: anywhere,
        management_listen: anywhere,
        http_listen: Some(anywhere),
        public_url: "https://notes.example:8443/ignored".to_owned(),
        data_dir: data.to_owned(),
        tls: TlsSettings::default(),
        limits: limits(),
        trusts_a_proxy: false,
        clock: Clock::system(),
        certificate_interval: Duration::from_secs(3600),
    }
}

/// Plain HTTP/1.1, as from a proxy.
pub(crate) async fn plain() -> Running {
    plain_with(|_| {}).await
}

pub(crate) async fn plain_with(change: impl FnOnce(&mut ServerSettings)) -> Running {
    start(|settings| {
        settings.tls.mode = TlsMode::BehindProxy;
        settings.trusts_a_proxy = true;
        change(settings);
    })
    .await
}

pub(crate) async fn start(change: impl FnOnce(&mut ServerSettings)) -> Running {
    let data = TempDir::new().unwrap();
    let mut settings = settings(data.path());
    change(&mut settings);
    let server = Server::bind(settings).await.unwrap();
    let (service, shutdown) = (Arc::new(Echo::default()), Shutdown::new());
    let address = server.address();
    let management = server.management_address();
    let http = server.http_address().unwrap();
    let certificates = server.certificates();
    let counts = server.connection_counts();
    let serving = tokio::spawn(server.serve(Arc::clone(&service), Arc::new(Echo::default()), shutdown.clone()));
    Running { service, address, management, http, certificates, counts, shutdown, data, serving }
}

impl Running {
    pub(crate) fn calls(&self) -> Vec<String> {
        self.service.calls.lock().unwrap().clone()
    }
}
