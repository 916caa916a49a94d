use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, StatusCode, header};

use super::pipeline::Pipeline;
use super::runtime::Runtime;
use crate::observe::{LogSink, Metrics};
use crate::{Body, Response};

/// What the management listener answers: health and metrics, in plain HTTP, for the operator's network only.
pub(crate) struct Management {
    runtime: Arc<Runtime>,
    metrics: Arc<Metrics>,
    sink: LogSink,
}

impl Management {
    pub(crate) fn new(pipeline: &Pipeline, metrics: Arc<Metrics>, sink: LogSink) -> Self {
        Self { runtime: Arc::clone(&pipeline.runtime), metrics, sink }
    }

    /// The answer to a GET of this path.
    pub(crate) fn answer(self: Arc<Self>, path: String) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        Box::pin(async move {
            match path.as_str() {
                "/livez" => text(StatusCode::OK, "ok\n".to_owned()),
                "/readyz" => health(self.runtime.is_ready().await),
                "/startupz" => health(self.runtime.ready.load(Ordering::Acquire)),
                "/metrics" => self.metrics(),
                _ => text(StatusCode::NOT_FOUND, "not found\n".to_owned()),
            }
        })
    }

    fn metrics(&self) -> Response {
        let dropped = i64::try_from(self.sink.dropped()).unwrap_or(i64::MAX);
        self.metrics.log_lines_dropped.set(dropped);
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
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Management")
    }
}

const OPEN_METRICS: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
