//! Test kit: an application in this process, callers that speak HTTPS to it, and checks of one line each.
//!
//! Everything here speaks as a caller would: over a real socket, through the public interface. Helpers fail loudly, as tests do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly, as tests do"
)]

mod app;
pub use app::{TestApp, World};
mod caller;
pub use caller::{Answer, Caller};
mod matrix;
pub use matrix::check_matrix;
mod object;
pub use object::authorized;
mod scopes;
pub use scopes::check_scopes;
mod uniformity;
pub use uniformity::check_uniform;

pub use portcullis_testing_postgres::{Backend, Frozen, Server, selected};

/// The Rust blocks of the documentation compile, against the kit and what it tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../docs/from-fastapi.md")]
    struct FromFastApi;
    #[doc = include_str!("../../docs/how-to/external-issuer.md")]
    struct ExternalIssuer;
    #[doc = include_str!("../../docs/reference/scopes.md")]
    struct Scopes;
}
