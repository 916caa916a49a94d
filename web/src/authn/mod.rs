//! Who is it: from a credential in the request's head to a [`Principal`](portcullis_core::Principal).

mod authority;
pub use authority::{Authority, Credential, Rejection};
mod credential;
pub use credential::SESSION_COOKIE;
pub(crate) use credential::{insufficient_scope, invalid_token, presented, stale, unauthenticated};
mod authenticator;
pub(crate) use authenticator::{Authenticator, Known};
mod remote_issuer;
pub(crate) use remote_issuer::TrustedIssuer;
pub use remote_issuer::{IssuerError, MappedTo, RemoteIssuer, Unmapped};
