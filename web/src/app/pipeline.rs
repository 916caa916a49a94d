//! The way of a request, in order. This file alone states it.
//!
//! 1. observe: request id, trace, clock; the log line and the metrics are written last, whatever happens;
//! 2. respond: problems are rendered and security headers stamped on every answer;
//! 3. panic capture;
//! 4. head: framing, target length, host;
//! 5. client address (trusted-proxy rule);
//! 6. cross-origin preflight;
//! 7. rate limit by address, in the class of the endpoint;
//! 8. load: a cap on running handlers;
//! 9. the application's tower layers;
//! 10. authentication;
//! 11. cross-site request forgery, for cookies;
//! 12. policy, from the head alone;
//! 13. rate limit by principal;
//! 14. the object in the path, which decides;
//! 15. the handler, within its time: head arguments, then the body.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use portcullis_core::Principal;
use tower::ServiceExt as _;

use super::endpoint::Class;
use super::passage::Passage;
use super::route::{BoxedService, Found, Mounted, RawPlace, Routes};
use super::runtime::Runtime;
use crate::accept::{self, Peer};
use crate::admit::{self, Cors, Hosts, LoadShed, RateLimits, TrustedProxies};
use crate::authn::{self, Authenticator};
use crate::authz::{self, Guard};
use crate::extract::Call;
use crate::observe::{AccessLog, Metrics};
use crate::respond::{Problem, SecurityHeaders};
use crate::{IntoResponse as _, Request, Response};

/// Everything that requests meet, prepared at start.
pub(crate) struct Pipeline {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) routes: Routes,
    pub(crate) layered: Option<BoxedService>,
    pub(crate) authenticator: Option<Authenticator>,
    pub(crate) trusted: TrustedProxies,
    pub(crate) hosts: Hosts,
    pub(crate) cors: Cors,
    pub(crate) rate_limits: RateLimits,
    pub(crate) load: LoadShed,
    pub(crate) headers: SecurityHeaders,
    pub(crate) log: AccessLog,
    pub(crate) metrics: Arc<Metrics>,
}
