use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Method, Request, StatusCode, header, request};
use hyper::body::Incoming;

use super::pipeline::Pipeline;
use super::runtime::Runtime;
use super::unsent::UnsentAnswers;
use crate::accept::{Certificates, ConnectionCounts, FieldLines, Peer, Server, Service};
use crate::admit::Hosts;
use crate::observe::{LogSink, Metrics};
use crate::respond::{Particular, Problem, SecurityHeaders};
use crate::{Body, IntoResponse as _, Response};

/// What the management listener answers: health and metrics, in plain HTTP, for the operator's network only.
///
/// It asks for no credentials, so it checks the host: otherwise a web page whose name leads to this machine could read the metrics.
pub(crate) struct Management {
    runtime: Arc<Runtime>,
    metrics: Arc<Metrics>,
    headers: Arc<SecurityHeaders>,
    certificates: Option<Certificates>,
    connections: ConnectionCounts,
    unsent: UnsentAnswers,
    sink: LogSink,
    hosts: Hosts,
}

impl Service for Management {
    async fn call(&self, request: Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        if let Err(problem) = self.hosts.check(request.uri(), request.headers()) {
            return self.finish(problem.into_response(), None, peer, lines);
        }
        let response = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, path) => self.answer(path).await,
            _ => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "this can only be read\n".to_owned());
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
        };
        self.finish(response, None, peer, lines)
    }

    fn finish(&self, mut response: Response, _: Option<&request::Parts>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let connection = response.headers_mut().remove(header::CONNECTION);
            response = text(problem.status(), format!("{}\n", problem.code()));
            response.headers_mut().extend(connection.map(|value| (header::CONNECTION, value)));
        }
        self.headers.stamp(response.headers_mut(), lines, &Particular::default(), peer.tls);
        response
    }
}

impl Management {
    pub(crate) fn new(pipeline: &Pipeline, server: &Server, (metrics, sink, hosts): (Arc<Metrics>, LogSink, Hosts)) -> Self {
        Self {
            runtime: Arc::clone(&pipeline.runtime),
            metrics,
            headers: Arc::clone(&pipeline.headers),
            certificates: server.certificates(),
            connections: server.connection_counts(),
            unsent: pipeline.unsent.clone(),
            sink,
            hosts,
        }
    }

    async fn answer(&self, path: &str) -> Response {
        match path {
            "/livez" => text(StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => health(self.runtime.is_ready().await),
            "/startupz" => health(self.runtime.ready.load(Ordering::Acquire)),
            "/metrics" => self.metrics(),
            _ => text(StatusCode::NOT_FOUND, "not found\n".to_owned()),
        }
    }

    fn metrics(&self) -> Response {
        if let Some(certificates) = &self.certificates {
            self.metrics.certificate_expiry.set(certificates.expires().as_seconds() as f64);
            let counts = certificates.counts();
            self.metrics.certificates_refused.inner().store(counts.refusals(), Ordering::Relaxed);
            self.metrics.acme_renewals.inner().store(counts.renewals(), Ordering::Relaxed);
            self.metrics.acme_failures.inner().store(counts.failed_renewals(), Ordering::Relaxed);
        }
        self.metrics.connections_open.set(i64::try_from(self.connections.open()).unwrap_or(i64::MAX));
        self.metrics.connections_refused.inner().store(self.connections.refused(), Ordering::Relaxed);
        let buffered = self.runtime.buffered();
        self.metrics.body_bytes.set(i64::try_from(buffered.held()).unwrap_or(i64::MAX));
        self.metrics.bodies_refused.inner().store(buffered.refused(), Ordering::Relaxed);
        let dropped = i64::try_from(self.sink.dropped()).unwrap_or(i64::MAX);
        self.metrics.log_lines_dropped.set(dropped);
        self.metrics.answer_bytes_unsent.set(i64::try_from(self.unsent.bytes()).unwrap_or(i64::MAX));
        let mut response = text(StatusCode::OK, self.metrics.render());
        response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
        response
    }
}

fn health(is_well: bool) -> Response {
    if is_well { text(StatusCode::OK, "ok\n".to_owned()) } else { text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned()) }
}

fn text(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Management")
    }
}

const OPEN_METRICS: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
