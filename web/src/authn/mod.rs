//! Who is it: from a credential in the request's head to a [`Principal`](portcullis_core::Principal).

mod authority;
pub use authority::{Authority, Credential, Rejection};

mod placeholder;
pub(crate) use placeholder::{insufficient_scope, stale, unauthenticated};
pub use placeholder::RemoteIssuer;
