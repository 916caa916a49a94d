use std::future::Future;
use std::pin::Pin;

use portcullis_core::Principal;

/// A credential as it stands in a request's head.
#[derive(Clone, Copy)]
pub enum Credential<'request> {
    /// The token of an `Authorization: Bearer` header ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    Bearer(&'request str),
    /// The value of the session cookie.
    Session(&'request str),
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(***)",
            Self::Session(_) => "Session(***)",
        })
    }
}

/// Why a credential was not believed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// It is malformed, forged, expired, revoked, or its subject may not come in; the text is for the log only.
    #[error("invalid credential: {0}")]
    Invalid(&'static str),
    /// It cannot be judged at the moment (the database or the issuer is away): 503, never a pass.
    #[error("credential cannot be checked now: {0}")]
    Unavailable(String),
}

/// Judges credentials: the accounts of this service, or an external issuer that it trusts.
pub trait Authority: Send + Sync + 'static {
    /// Verifies a credential from scratch, signature and present state of the session alike; the caller remembers the result
    /// until the subject's stamp in [`Revocations`](portcullis_core::Revocations) changes.
    fn verify<'a>(&'a self, credential: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>>;
}
