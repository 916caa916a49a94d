use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Method};
use portcullis_core::words::is_reason;
use tower::Service;
use tower::util::BoxCloneSyncService;

use super::class::Class;
use super::endpoint::{Endpoint, Verb};
use super::passage::Route;
use super::pipeline::Pipeline;
use super::raw_mount::RawMount;
use super::start_error::StartError;
use crate::authz::Guard;
use crate::observe::EndpointMetrics;
use crate::{Request, Response};

/// A service in a tower layer's slot.
pub type BoxedService = BoxCloneSyncService<Request, Response, Infallible>;

/// Finds the endpoint of a request.
pub(crate) struct Routes {
    paths: matchit::Router<Place>,
}

/// What is mounted at one path.
struct Place {
    endpoints: Vec<Arc<Mounted>>,
    allow: HeaderValue,
    raw: Option<Arc<RawPlace>>,
}

/// An endpoint with its metrics.
pub(crate) struct Mounted {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) metrics: EndpointMetrics,
}

/// A raw axum router with its guard.
pub(crate) struct RawPlace {
    pub(crate) guard: Guard,
    pub(crate) router: axum::Router,
    pub(crate) metrics: EndpointMetrics,
    pub(crate) template: String,
    pub(crate) class: Class,
    pub(crate) body_limit: Option<usize>,
}

/// Where a request goes. It is found once, before the application's layers.
pub(crate) enum Found<'routes> {
    /// To an endpoint, with its path parameters.
    Endpoint(&'routes Arc<Mounted>, Vec<(&'static str, String)>),
    /// To a raw axum router.
    Raw(&'routes Arc<RawPlace>),
    /// The path is there, the method isn't: 405 with `Allow`.
    WrongMethod(&'routes HeaderValue),
    /// Nowhere.
    Nothing,
}

/// Where a request goes, kept while it passes the application's layers.
pub(crate) enum Routed {
    Endpoint(Arc<Mounted>, Vec<(&'static str, String)>),
    Raw(Arc<RawPlace>),
    WrongMethod(HeaderValue),
    Nothing,
}

impl Routes {
    pub(crate) fn new(
        endpoints: &[&'static Endpoint],
        raw: &[RawMount],
        metrics: impl Fn(&'static str, &str) -> EndpointMetrics,
    ) -> Result<Self, StartError> {
        let mut paths = matchit::Router::new();
        let mut by_path: Vec<(&'static str, Vec<&'static Endpoint>)> = Vec::new();
        for endpoint in endpoints {
            match by_path.iter_mut().find(|(path, _)| *path == endpoint.path()) {
                Some((_, list)) if list.iter().any(|own| own.verb() == endpoint.verb()) => return Err(StartError::twice(endpoint)),
                Some((_, list)) => list.push(endpoint),
                None => by_path.push((endpoint.path(), vec![endpoint])),
            }
        }
        for (path, list) in by_path {
            let allow = allow(&list);
            let mounted = |endpoint: &'static Endpoint| Mounted { endpoint, metrics: metrics(endpoint.verb().as_str(), path) };
            let endpoints = list.into_iter().map(|endpoint| Arc::new(mounted(endpoint)));
            let place = Place { endpoints: endpoints.collect(), allow, raw: None };
            paths.insert(path, place).map_err(|error| StartError::route(path, &error))?;
        }
        for mount in raw {
            if mount.guard.object().is_some() {
                return Err(StartError::new(format_args!(
                    "the raw router at {} has a policy that names an object: no path parameter names one",
                    mount.prefix
                )));
            }
            if !is_reason(mount.reason) {
                return Err(StartError::new(format_args!(
                    "the raw axum router at {} has no reason: say why it has to be one",
                    mount.prefix
                )));
            }
            for template in [mount.prefix.to_owned(), format!("{}/{{*rest}}", mount.prefix)] {
                let raw = RawPlace {
                    guard: mount.guard,
                    router: mount.router.clone(),
                    metrics: metrics("_OTHER", &template),
                    template: template.clone(),
                    class: mount.class,
                    body_limit: mount.body_limit,
                };
                let place = Place { endpoints: Vec::new(), allow: HeaderValue::from_static(RAW_METHODS), raw: Some(Arc::new(raw)) };
                paths.insert(template.clone(), place).map_err(|error| StartError::route(&template, &error))?;
            }
        }
        Ok(Self { paths })
    }

    /// Paths match byte by byte, as they are: a variant in case, slashes or dots is another path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(at) = self.paths.at(path) else { return Found::Nothing };
        if let Some(raw) = &at.value.raw {
            // A method that the service doesn't know is nothing for a router that answers whatever it gets, and TRACE gives headers away.
            let is_known = RAW_METHODS.split(", ").any(|known| known == method.as_str());
            return if is_known { Found::Raw(raw) } else { Found::WrongMethod(&at.value.allow) };
        }
        let Some(mounted) = at.value.endpoints.iter().find(|mounted| is(mounted.endpoint.verb(), method)) else {
            return Found::WrongMethod(&at.value.allow);
        };
        let mut parameters = Vec::with_capacity(at.params.len());
        for (name, value) in at.params.iter() {
            let Ok(value) = percent_encoding::percent_decode_str(value).decode_utf8() else { return Found::Nothing };
            let Some(name) = own_name(mounted.endpoint.path(), name) else { return Found::Nothing };
            parameters.push((name, value.into_owned()));
        }
        Found::Endpoint(mounted, parameters)
    }
}

impl RawPlace {
    /// The most bytes of a body where the application's default is this.
    pub(crate) fn most_body_bytes(&self, default: usize) -> usize {
        self.body_limit.unwrap_or_else(|| self.class.most_body_bytes(default))
    }
}

impl<'routes> Found<'routes> {
    pub(crate) fn keep(self) -> Routed {
        match self {
            Self::Endpoint(mounted, parameters) => Routed::Endpoint(Arc::clone(mounted), parameters),
            Self::Raw(raw) => Routed::Raw(Arc::clone(raw)),
            Self::WrongMethod(allow) => Routed::WrongMethod(allow.clone()),
            Self::Nothing => Routed::Nothing,
        }
    }

    /// What the log and the metrics call it.
    pub(crate) fn route(&self) -> Option<Route<'routes>> {
        match *self {
            Self::Endpoint(mounted, _) => Some(Route { template: mounted.endpoint.path(), metrics: &mounted.metrics }),
            Self::Raw(raw) => Some(Route { template: &raw.template, metrics: &raw.metrics }),
            Self::WrongMethod(_) | Self::Nothing => None,
        }
    }

    /// The most bytes of its body where the application's default is this.
    pub(crate) fn most_body_bytes(&self, default: usize) -> usize {
        match self {
            Self::Endpoint(mounted, _) => mounted.endpoint.most_body_bytes(default),
            Self::Raw(raw) => raw.most_body_bytes(default),
            Self::WrongMethod(_) | Self::Nothing => default,
        }
    }

    /// Its class for rate limits.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Endpoint(mounted, _) => mounted.endpoint.class(),
            Self::Raw(raw) => raw.class,
            Self::WrongMethod(_) | Self::Nothing => Class::Default,
        }
    }
}

impl Routed {
    /// What was kept, for the one request that it was found for.
    pub(crate) fn found(&mut self) -> Found<'_> {
        match self {
            Self::Endpoint(mounted, parameters) => Found::Endpoint(mounted, std::mem::take(parameters)),
            Self::Raw(raw) => Found::Raw(raw),
            Self::WrongMethod(allow) => Found::WrongMethod(allow),
            Self::Nothing => Found::Nothing,
        }
    }
}

/// The parameter's name as it stands in the endpoint's own template.
fn own_name(template: &'static str, name: &str) -> Option<&'static str> {
    template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).find(|own| *own == name)
}

fn is(verb: Verb, method: &Method) -> bool {
    verb.as_str() == method.as_str() || (verb == Verb::Get && method == Method::HEAD)
}

fn allow(endpoints: &[&'static Endpoint]) -> HeaderValue {
    let mut methods: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.verb().as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(""))
}

/// What reaches a raw router.
const RAW_METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// The gate and what is behind it, as a tower service for the layers around it.
#[derive(Clone)]
pub(crate) struct Inner(pub(crate) Arc<std::sync::OnceLock<std::sync::Weak<Pipeline>>>);

impl Service<Request> for Inner {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let pipeline = self.0.get().and_then(std::sync::Weak::upgrade);
        Box::pin(async move {
            Ok(match pipeline {
                Some(pipeline) => pipeline.behind_layers(request).await,
                None => crate::__private::refuse(crate::respond::Problem::unavailable("the service is ending")),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::Clock;

    use super::*;
    use crate::__private::STUB;
    use crate::authz::Authenticated;
    use crate::observe::Metrics;

    fn refusal(endpoints: &[&'static Endpoint], raw: &[RawMount]) -> String {
        let metrics = Metrics::new("1", &Clock::system());
        let routes = Routes::new(endpoints, raw, |method, route| metrics.endpoint(method, route));
        routes.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_endpoint_that_is_there_twice_stops_the_start() {
        assert_eq!(refusal(&[&STUB], &[]), "");
        assert_eq!(refusal(&[&STUB, &STUB], &[]), "two endpoints answer GET /");
    }

    #[test]
    fn a_raw_router_without_a_reason_stops_the_start() {
        let raw = |reason| RawMount::new("/raw", Authenticated.guard(), axum::Router::new(), reason).erased();
        assert_eq!(refusal(&[], &[raw("a webhook that only axum can read")]), "");
        assert_eq!(refusal(&[], &[raw("\u{200b}")]), "the raw axum router at /raw has no reason: say why it has to be one");
    }
}
