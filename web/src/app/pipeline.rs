//! The way of a request, in order. This file alone states it.
//!
//! 1. observe: request id, trace, clock; the log line and the metrics are written last, whatever happens;
//! 2. respond: problems are rendered and security headers stamped on every answer;
//! 3. panic capture;
//! 4. head: framing, target length, host;
//! 5. client address (trusted-proxy rule);
//! 6. cross-origin preflight;
//! 7. routing, and the rate limit by address in the class of the endpoint;
//! 8. load: a bound on answers that clients don't take, and a cap on running handlers;
//! 9. the application's tower layers, which may change neither the method nor the path;
//! 10. authentication;
//! 11. cross-site request forgery, for cookies;
//! 12. policy, from the head alone;
//! 13. rate limit by principal;
//! 14. the object in the path, which decides;
//! 15. the handler, within its time: head arguments, then the body.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::class::Class;
use super::noted::{Noted, panic_text};
use super::open_streams::OpenStreams;
use super::passage::Passage;
use super::route::{BoxedService, Found, Mounted, Routes};
use super::runtime::Runtime;
use super::unsent::UnsentAnswers;
use crate::accept::{FieldLines, Holder, Http2Body, Peer, Service};
use crate::admit::{self, Cors, Hosts, LoadShed, RateLimits, TrustedProxies};
use crate::authn::{self, Authenticator, Known, Rejection};
use crate::authz::{self, Guard};
use crate::extract::Call;
use crate::observe::{AccessLog, Denials, EndpointMetrics, Metrics, with_request_id};
use crate::respond::{Problem, SecurityHeaders};
use crate::{Request, Response};

/// Everything that requests meet, prepared at start.
pub(crate) struct Pipeline {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) routes: Routes,
    pub(crate) layered: Option<Mutex<BoxedService>>,
    pub(crate) authenticator: Option<Authenticator>,
    pub(super) streams: Arc<OpenStreams>,
    pub(crate) trusted: TrustedProxies,
    pub(crate) hosts: Hosts,
    pub(crate) cors: Cors,
    pub(crate) rate_limits: RateLimits,
    pub(crate) load: LoadShed,
    pub(crate) unsent: UnsentAnswers,
    pub(crate) headers: Arc<SecurityHeaders>,
    pub(crate) log: AccessLog,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) denials: Option<Denials>,
    pub(crate) unmatched: EndpointMetrics,
    pub(crate) url_bytes: usize,
    pub(crate) is_behind_proxy: bool,
}

impl Service for Pipeline {
    async fn call(&self, request: http::Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        let mut passage = Passage::begin(self, &request, peer);
        let request_id = passage.request_id;
        // Most requests have no body, and none needs a box.
        let mut request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false if peer.http2 => Body::new(Http2Body::new(body)),
            false => Body::new(body),
        });
        // Pinned and lent: nothing of it moves on its way through the steps.
        let admitted = {
            let admitted = pin!(self.admit(&mut request, peer, &mut passage));
            AssertUnwindSafe(with_request_id(request_id, admitted)).catch_unwind().await
        };
        let answer = admitted.unwrap_or_else(|panic| {
            self.metrics.panics.inc();
            Err(Problem::internal(panic_text(&*panic)))
        });
        passage.end(answer, lines)
    }

    fn finish(&self, response: Response, head: Option<&http::request::Parts>, peer: Peer, lines: Option<&mut FieldLines>) -> Response {
        let mut request = http::Request::new(());
        match head {
            Some(head) => {
                request.method_mut().clone_from(&head.method);
                request.uri_mut().clone_from(&head.uri);
                request.headers_mut().clone_from(&head.headers);
            }
            None => {
                *request.method_mut() = http::Method::from_bytes(b"_OTHER").unwrap_or_default();
                *request.uri_mut() = http::Uri::from_static("*");
            }
        }
        let mut passage = Passage::begin(self, &request, peer);
        passage.unadmitted(request.uri().path());
        passage.end(Ok(response), lines)
    }
}

impl Pipeline {
    /// Steps 4 to 8: what every request meets, whatever it asks for.
    async fn admit<'a>(&'a self, request: &mut Request, peer: Peer, passage: &mut Passage<'a>) -> Result<Response, Problem> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        if target.len() > self.url_bytes {
            passage.unmatched(request.uri().path());
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The request target is too long."));
        }
        passage.address = self.trusted.resolve(peer.address.ip(), request.headers()).map_err(|error| {
            passage.unmatched(request.uri().path());
            Problem::bad_request("forwarded", "The forwarded address cannot be read.").because(error)
        })?;
        let found = self.routes.find(request.method(), request.uri().path());
        passage.route = found.route();
        if passage.route.is_none() {
            passage.unmatched(request.uri().path());
        }
        passage.verdict = self.rate_limits.check_address(passage.address, found.class(), passage.at);
        if let Some(verdict) = passage.verdict.filter(|verdict| !verdict.is_allowed()) {
            self.metrics.rate_limited(verdict.policy());
            return Err(verdict.problem());
        }
        self.hosts.check(request.uri(), request.headers())?;
        if let Some(answer) = self.cors.preflight(request.method(), request.headers()) {
            if answer.is_err() {
                passage.hide_from_origin();
            }
            return answer;
        }
        // Who has no room even when signed in needs no authentication to be turned away.
        self.unsent.check(passage.address, Holder::SignedIn)?;
        let _running = self.load.enter(passage.address.bucket())?;
        match &self.layered {
            None => self.gate(request, found, passage).await,
            Some(layered) => self.through_layers(layered, request, found, passage).await,
        }
    }

    async fn gate(&self, request: &mut Request, found: Found<'_>, passage: &mut Passage<'_>) -> Result<Response, Problem> {
        let (address, request_id, at, began) = (passage.address, passage.request_id, passage.at, passage.began);
        let mut noted = Noted { principal: None, known: None, address, request_id, at, began };
        let result = self.pass(request, found, &mut noted).await;
        passage.principal = noted.principal;
        result
    }

    /// Steps 10 to 15.
    pub(super) async fn pass(&self, request: &mut Request, found: Found<'_>, noted: &mut Noted) -> Result<Response, Problem> {
        match found {
            Found::Endpoint(mounted, parameters) => self.call_endpoint(mounted, parameters, request, noted).await,
            // In a box, as are the layers: their futures would be a part of every request's.
            Found::Raw(raw) => Box::pin(self.call_raw(raw, request, noted)).await,
            Found::WrongMethod(allow) => {
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path doesn't answer that method.");
                Err(problem.header(header::ALLOW, allow.clone()))
            }
            Found::Nothing => Err(Problem::not_found()),
        }
    }

    async fn call_endpoint(
        &self,
        mounted: &Mounted,
        parameters: Vec<(&'static str, String)>,
        request: &mut Request,
        noted: &mut Noted,
    ) -> Result<Response, Problem> {
        let endpoint = mounted.endpoint;
        let needs_object = self.decide((endpoint.guard(), endpoint.class()), request.method(), request.headers(), noted).await?;
        let caller = noted.principal.clone().filter(|caller| endpoint.guard().shows(caller));
        let object = if needs_object {
            let key = endpoint.guard().object().and_then(|object| parameters.iter().find(|(name, _)| *name == object.param));
            let (_, key) = key.ok_or_else(|| Problem::internal("the path lacks the policy's parameter"))?;
            let loading = authz::load_object(endpoint.guard(), self.runtime.database(), key, caller.as_ref(), noted.at);
            let loaded = self.within_time(self.deadline(noted), loading).await?;
            noted.began = Instant::now();
            Some(loaded?)
        } else {
            None
        };
        let (parts, body) = std::mem::take(request).into_parts();
        let uri = needs_object.then(|| parts.uri.clone());
        let call = Call {
            runtime: Arc::clone(&self.runtime),
            endpoint,
            parts,
            body: Some(body),
            parameters,
            principal: caller,
            object,
            address: noted.address.ip(),
            request_id: noted.request_id,
            deadline: self.deadline(noted),
            held: None,
        };
        let response = self.within_time(call.deadline, endpoint.call(call)).await?;
        Ok(self.keep(response, (endpoint.guard(), uri), noted))
    }

    /// Steps 10 to 13. `true` when the object in the path has the last word.
    pub(super) async fn decide(
        &self,
        (guard, class): (&Guard, Class),
        method: &http::Method,
        headers: &HeaderMap,
        noted: &mut Noted,
    ) -> Result<bool, Problem> {
        let open = guard.access().admits_anonymous();
        // Whoever logs in may still carry the credential that ran out: it isn't looked at.
        let credential_is_input = open && class == Class::Credentials;
        let authenticated = if credential_is_input { Ok(None) } else { self.authenticate(headers, noted).await };
        match authenticated {
            Ok(known) => {
                noted.principal = known.as_ref().map(|known| known.principal.clone());
                noted.known = known;
            }
            // An expired cookie that a browser sends by itself doesn't close a public page.
            Err(_) if open && !headers.contains_key(header::AUTHORIZATION) => {}
            Err(problem) => return Err(problem),
        }
        if noted.principal.as_ref().is_some_and(|caller| caller.identity().from_cookie) {
            admit::check_csrf(method, headers, std::slice::from_ref(&self.runtime.own_origin))
                .map_err(|problem| problem.denied_by("malicious_csrf", "csrf"))?;
            // A socket is opened by a GET, and whoever opens it may write afterwards.
            if headers.contains_key(header::UPGRADE) && !self.runtime.allows_origin(headers) {
                return Err(Problem::forbidden().because("upgrade from a foreign origin").denied_by("malicious_csrf", "csrf"));
            }
        }
        if noted.principal.is_none() {
            self.unsent.check(noted.address, Holder::Anonymous)?;
        }
        let needs_object = authz::admit(guard, noted.principal.as_ref(), noted.at)?;
        if let Some(caller) = &noted.principal
            && let Some(verdict) = self.rate_limits.check_principal(caller.qualified(), noted.at).filter(|verdict| !verdict.is_allowed())
        {
            self.metrics.rate_limited(verdict.policy());
            return Err(verdict.problem());
        }
        Ok(needs_object)
    }

    async fn authenticate(&self, headers: &HeaderMap, noted: &mut Noted) -> Result<Option<Arc<Known>>, Problem> {
        let Some(presented) = authn::presented(headers)? else { return Ok(None) };
        let Some(authenticator) = &self.authenticator else { return presented.credential().and_then(|_| Err(authn::invalid_token())) };
        if let Some(known) = authenticator.recall(presented, noted.at, noted.began) {
            return Ok(Some(known));
        }
        let verified = authenticator.verify(presented.credential()?).await;
        (noted.at, noted.began) = (self.runtime.clock().now(), Instant::now());
        match verified {
            Ok(known) => Ok(Some(known)),
            Err(Rejection::Invalid(why)) => Err(authn::invalid_token().because(why).denied_by("authn_token_invalid", "credential")),
            Err(Rejection::Unavailable(why)) => Err(Problem::unavailable(why)),
        }
    }

    pub(super) fn deadline(&self, noted: &Noted) -> Instant {
        noted.began + self.runtime.limits().handler
    }

    pub(super) async fn within_time<T>(&self, deadline: Instant, work: impl Future<Output = T> + Send) -> Result<T, Problem> {
        tokio::time::timeout_at(deadline, work).await.map_err(|_| Problem::unavailable("the handler took too long"))
    }
}
