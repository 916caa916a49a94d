use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, header};
use portcullis_core::{Id, Principal, Timestamp};
use tokio::time::Instant;

use super::pipeline::Pipeline;
use super::unsent::is_long;
use crate::accept::{Excess, FieldLines, Holder, Peer};
use crate::admit::{ClientAddress, Verdict};
use crate::observe::{Access, EndpointMetrics, Refused, TraceContext, known_method};
use crate::respond::{ContentSecurityPolicy, Particular, Problem, X_REQUEST_ID};
use crate::{Body, Response};

/// What is noted of one request on its way, for the headers, the log line and the metrics at its end.
///
/// Dropped before its end, because the client went away, it still writes its line.
pub(crate) struct Passage<'a> {
    pipeline: &'a Pipeline,
    pub(crate) request_id: Id,
    pub(crate) at: Timestamp,
    pub(crate) address: ClientAddress,
    pub(crate) route: Option<Route<'a>>,
    pub(crate) principal: Option<Principal>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) https: bool,
    pub(crate) began: Instant,
    method: Method,
    /// What was asked for where no route matched, or none was looked for.
    path: Option<String>,
    origin: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    trace: TraceContext,
    protocol: &'static str,
    /// The other end of the connection, which may be a proxy.
    peer: IpAddr,
    /// Whether it was answered without a look at its rate.
    is_unadmitted: bool,
    is_ended: bool,
}

/// The route that a request matched.
#[derive(Clone, Copy)]
pub(crate) struct Route<'routes> {
    pub(crate) template: &'routes str,
    pub(crate) metrics: &'routes EndpointMetrics,
}

impl<'a> Passage<'a> {
    pub(crate) fn begin<B>(pipeline: &'a Pipeline, request: &http::Request<B>, peer: Peer) -> Self {
        let at = pipeline.runtime.clock().now();
        let headers = request.headers();
        let is_trusted = pipeline.trusted.trusts(peer.address.ip());
        let request_id = own_request_id(headers, is_trusted).unwrap_or_else(|| Id::new(at));
        pipeline.metrics.active.inc();
        Self {
            request_id,
            at,
            address: ClientAddress::new(peer.address.ip()),
            route: None,
            principal: None,
            verdict: None,
            https: peer.tls || pipeline.is_behind_proxy,
            began: Instant::now(),
            method: request.method().clone(),
            path: None,
            origin: if pipeline.cors.is_off() { None } else { headers.get(header::ORIGIN).cloned() },
            user_agent: headers.get(header::USER_AGENT).cloned(),
            trace: TraceContext::of(headers, request_id, is_trusted),
            protocol: if peer.http2 { "HTTP/2" } else { "HTTP/1.1" },
            peer: peer.address.ip(),
            is_unadmitted: false,
            is_ended: false,
            pipeline,
        }
    }

    /// Names what was asked for, of a request that no route answers.
    #[cold]
    pub(crate) fn unmatched(&mut self, path: &str) {
        self.path = Some(path.to_owned());
    }

    /// The request is answered without going through the pipeline: no rate limit has counted it.
    #[cold]
    pub(crate) fn unadmitted(&mut self, path: &str) {
        self.is_unadmitted = true;
        self.unmatched(path);
    }

    /// Renders a problem, stamps the headers, writes the log line and the metrics.
    pub(crate) fn end(&mut self, answer: Result<Response, Problem>, lines: Option<&mut FieldLines>) -> Response {
        let answer = answer.and_then(|response| self.admit(response));
        // A refusal of the gate is a problem alone, a handler's an answer that may have gone through layers.
        let (mut response, problem, is_bare) = match answer {
            Ok(mut response) => {
                let problem = response.extensions_mut().remove::<Problem>();
                (response, problem, false)
            }
            Err(problem) => {
                let mut response = Response::default();
                *response.status_mut() = problem.status();
                (response, Some(problem), true)
            }
        };
        let mut buffer = [0; Id::LENGTH];
        let request_id = self.request_id.encode(&mut buffer);
        if let Some(problem) = &problem {
            *response.body_mut() = Body::from(problem.render(request_id));
        }
        let length = self.length(&mut response, problem.is_some());
        let policy = response.extensions_mut().remove::<ContentSecurityPolicy>();
        // A refusal names the quota that refused, which may be the principal's.
        let is_refused = problem.as_ref().is_some_and(|problem| problem.status() == http::StatusCode::TOO_MANY_REQUESTS);
        let particular = Particular { policy, request_id: Some(request_id), verdict: self.verdict.filter(|_| !is_refused) };
        let headers = response.headers_mut();
        match &problem {
            Some(problem) if is_bare => *headers = self.pipeline.headers.of_problem(problem, lines, &particular, self.https),
            _ => self.pipeline.headers.stamp(headers, lines, &particular, self.https),
        }
        headers.extend(length.map(|length| (header::CONTENT_LENGTH, length)));
        self.pipeline.cors.stamp(self.origin.as_ref(), headers);
        if let Some((kind, reason)) = problem.as_ref().and_then(Problem::denial) {
            self.deny(kind, reason);
        }
        // A proxy's connection carries the requests of many.
        if (is_refused || self.is_unadmitted) && !self.pipeline.trusted.trusts(self.peer) {
            response.extensions_mut().insert(Excess);
        }
        let (code, cause) = (problem.as_ref().map(Problem::code), problem.as_ref().and_then(Problem::private));
        let is_refusal = self.is_unadmitted || problem.as_ref().is_some_and(|problem| self.is_refusal(problem, is_bare));
        self.note((request_id, response.status().as_u16()), code, cause, is_refusal);
        self.is_ended = true;
        self.pipeline.unsent.count(&mut response, self.address, self.holder());
        response
    }

    /// Drops a long answer to a read for which there is no room any more. One to a write is sent, so that the client learns of its effect.
    fn admit(&self, response: Response) -> Result<Response, Problem> {
        if self.method == Method::GET && is_long(&response) {
            self.pipeline.unsent.check(self.address, self.holder())?;
        }
        Ok(response)
    }

    const fn holder(&self) -> Holder {
        if self.principal.is_some() { Holder::SignedIn } else { Holder::Anonymous }
    }

    /// What an answer says of its length, beside what hyper finds out by itself. A length that isn't the content's would make a client take
    /// the rest of one answer for the next: a handler's word counts only where nobody can know better.
    fn length(&self, response: &mut Response, is_rendered: bool) -> Option<HeaderValue> {
        let known = http_body::Body::size_hint(response.body()).exact();
        if self.method == Method::HEAD {
            // The headers of the answer to GET, its length included, without the content (RFC 9110 section 9.3.2).
            *response.body_mut() = Body::empty();
        } else if known.is_some() {
            return None;
        }
        let said = response.headers().get(header::CONTENT_LENGTH).filter(|_| !is_rendered).cloned();
        said.or_else(|| known.map(HeaderValue::from))
    }

    /// Leaves the cross-origin headers out, of a refused preflight.
    pub(crate) fn hide_from_origin(&mut self) {
        self.origin = None;
    }

    /// Whether a problem tells of a request that no handler saw, or that came from somebody who isn't signed in.
    fn is_refusal(&self, problem: &Problem, is_of_gate: bool) -> bool {
        problem.status().is_client_error() && (is_of_gate || self.principal.is_none() || problem.denial().is_some())
    }

    fn deny(&self, kind: &'static str, reason: &'static str) {
        self.pipeline.metrics.denied(reason);
        let Some(denials) = &self.pipeline.denials else { return };
        let refused = Refused {
            kind,
            reason,
            principal: self.principal.as_ref().map(Principal::qualified),
            address: self.address,
            method: known_method(self.method.as_str()),
            route: self.route.map_or("unmatched", |route| route.template),
        };
        denials.note(&refused, self.at, self.request_id);
    }

    fn note(&self, (request_id, status): (&str, u16), code: Option<&str>, cause: Option<&str>, is_refusal: bool) {
        let duration = self.began.elapsed();
        let metrics = self.route.map_or(&self.pipeline.unmatched, |route| route.metrics);
        metrics.observe(status, duration);
        self.pipeline.log.write(&Access {
            at: self.at,
            method: self.method.as_str(),
            route: self.route.map(|route| route.template),
            path: self.path.as_deref().unwrap_or_default(),
            status,
            duration,
            request_id,
            address: self.address,
            principal: self.principal.as_ref().map(Principal::qualified),
            trace: &self.trace,
            user_agent: self.user_agent.as_ref().and_then(|value| value.to_str().ok()),
            protocol: self.protocol,
            code,
            cause,
            is_refusal,
        });
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.pipeline.metrics.active.dec();
        if !self.is_ended {
            let mut buffer = [0; Id::LENGTH];
            self.note((self.request_id.encode(&mut buffer), CLIENT_WENT_AWAY), Some("client_went_away"), None, false);
        }
    }
}

/// A trusted proxy may name the request, by a UUID; nobody else.
fn own_request_id(headers: &HeaderMap, is_trusted: bool) -> Option<Id> {
    if !is_trusted {
        return None;
    }
    headers.get(X_REQUEST_ID)?.to_str().ok()?.parse().ok()
}

/// No answer was sent; the number is the one that nginx logs for this.
const CLIENT_WENT_AWAY: u16 = 499;
