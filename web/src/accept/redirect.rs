use std::sync::Arc;

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request};
use hyper::body::Incoming;

use super::authority::{host_of, named};
use super::lines::FieldLines;
use super::service::{Peer, Service};
use super::tls::Challenges;
use crate::Response;
use crate::admit::malformed;
use crate::app::StartError;
use crate::respond::Problem;

/// Answers plain HTTP: a browser that opens a page is sent to HTTPS, everything else is refused.
///
/// The one exception are the challenges of an ACME authority, which asks for them here.
/// A program that got a redirect would go on sending its credentials in the clear and never notice. The target's host comes from the
/// settings, never from the request. A host that isn't ours leads there like any other, but a text that is no host gets 400.
pub(super) struct Redirect<S> {
    way: Way,
    service: Arc<S>,
}

/// Where plain HTTP leads.
#[derive(Debug)]
pub(super) struct Way {
    /// The origin to redirect to.
    pub(super) origin: String,
    /// Answered before anything else, with `http-01`.
    pub(super) challenges: Option<Challenges>,
}

impl<S> Redirect<S> {
    pub(super) const fn new(way: Way, service: Arc<S>) -> Self {
        Self { way, service }
    }

    /// The answer to a challenge, whatever host is named; `None` when none is asked for.
    async fn challenge(&self, head: &request::Parts) -> Option<Response> {
        let challenges = self.way.challenges.as_ref().filter(|_| head.method == Method::GET)?;
        let Some(text) = challenges.http_answer(head.uri.path()).await? else { return Some(Problem::not_found().into_response()) };
        let mut response = Response::new(Body::from(text));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Some(response)
    }

    fn answer(&self, head: &request::Parts) -> Response {
        if let Err(error) = named(&head.uri, &head.headers).and_then(host_of) {
            return malformed(error).into_response();
        }
        if !is_navigation(&head.method, &head.headers) {
            return Problem::new(StatusCode::FORBIDDEN, "https_required", "This service answers over HTTPS only.").into_response();
        }
        let path = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let Ok(location) = HeaderValue::try_from(format!("{}{path}", self.way.origin)) else {
            return Problem::bad_request("malformed_request", "The request is not valid HTTP.").into_response();
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
        response
    }
}

impl<S: Service> Service for Redirect<S> {
    async fn call(&self, request: Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        let (head, _) = request.into_parts();
        let response = match self.challenge(&head).await {
            Some(response) => response,
            None => self.answer(&head),
        };
        self.finish(response, Some(&head), peer, lines)
    }

    fn finish(&self, response: Response, head: Option<&request::Parts>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        self.service.finish(response, head, peer, lines)
    }
}

/// The origin of `public_url`, to redirect to.
pub(super) fn origin(public_url: &str) -> Result<String, StartError> {
    let url = url::Url::parse(public_url).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let url = url.ok_or_else(|| {
        StartError::new("public_url must be an https address, such as https://example.com, for http_listen to redirect to")
    })?;
    Ok(url.origin().ascii_serialization())
}

/// A page is opened: no program asks for HTML.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let accepts_html = || {
        let mut accepted =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        accepted.any(|range| range.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")))
    };
    (method == Method::GET || method == Method::HEAD) && accepts_html()
}
