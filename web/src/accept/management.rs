use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::response::IntoResponse as _;
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;

use super::service::{Peer, Service};
use crate::Response;
use crate::respond::Problem;

/// What the management listener is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probe {
    /// `/livez`: does the process answer?
    Live,
    /// `/readyz`: does it take requests?
    Ready,
    /// `/startupz`: has it started?
    Startup,
    /// `/metrics`
    Metrics,
}

/// What answers the probes.
#[derive(Clone)]
pub struct ProbeHandler(Arc<dyn Fn(Probe) -> ProbeFuture + Send + Sync>);

type ProbeFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

impl ProbeHandler {
    /// Makes a handler from an async function.
    pub fn new<F: Future<Output = Response> + Send + 'static>(answer: impl Fn(Probe) -> F + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |probe| Box::pin(answer(probe))))
    }
}

impl fmt::Debug for ProbeHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbeHandler")
    }
}

/// Answers the management listener: four paths in plain HTTP, for whoever reaches the port, under whatever host name.
pub(super) struct Management<S> {
    probes: ProbeHandler,
    service: Arc<S>,
}

impl<S> Management<S> {
    pub(super) const fn new(probes: ProbeHandler, service: Arc<S>) -> Self {
        Self { probes, service }
    }
}

impl<S: Service> Service for Management<S> {
    async fn call(self: Arc<Self>, request: Request<Incoming>, peer: Peer) -> Response {
        let probe = match request.uri().path() {
            "/livez" => Probe::Live,
            "/readyz" => Probe::Ready,
            "/startupz" => Probe::Startup,
            "/metrics" => Probe::Metrics,
            _ => return self.finish(Problem::not_found().into_response(), peer),
        };
        let response = if matches!(*request.method(), Method::GET | Method::HEAD) {
            (self.probes.0)(probe).await
        } else {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This can only be read.")
                .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
                .into_response()
        };
        self.finish(response, peer)
    }

    fn finish(&self, response: Response, peer: Peer) -> Response {
        self.service.finish(response, peer)
    }
}
