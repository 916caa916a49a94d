//! The Portcullis web framework: endpoints that are shut until opened, and the fixed pipeline that every request walks.
//!
//! The folders follow a request's way: [`accept`] (sockets, TLS), `admit` (limits, addresses), [`authn`] (who is it), [`authz`] (may they),
//! [`extract`] (typed input), [`respond`] (output, problems, headers), [`observe`] (logs, metrics). [`app`] puts them together;
//! `app/pipeline.rs` alone states the order.

extern crate self as portcullis;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod accept;
pub mod admit;
pub mod app;
pub mod authn;
pub mod authz;
pub mod extract;
pub mod observe;
mod probe;
pub mod respond;
mod seal;
#[cfg(feature = "steps")]
#[doc(hidden)]
pub mod steps;

pub use axum::body::Body;
pub use axum::response::{IntoResponse, Response};
/// A request as the pipeline hands it on.
pub type Request = http::Request<Body>;
