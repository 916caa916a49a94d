use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::token::{Expected, TokenError};
use portcullis_core::{Clock, Principal, Timestamp};

use super::fetch::Source;
use super::keys::Keys;
use super::mapping::Mapping;
use crate::app::Starting;
use crate::authn::{Authority, Credential, Rejection};

/// An issuer as the application trusts it, before the start.
pub(crate) struct TrustedIssuer {
    pub(super) source: Source,
    pub(super) audience: String,
    pub(super) mapping: Mapping,
}

impl TrustedIssuer {
    /// The application's scopes that scopes of the issuer are mapped to.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &str> {
        self.mapping.scopes.iter().map(|(_, scope)| scope.as_str())
    }

    /// Judges credentials from now on, and keeps the issuer's keys fresh until shutdown.
    pub(crate) fn start(self, starting: &Starting) -> Arc<dyn Authority> {
        let keys = Arc::new(Keys::new(self.source, starting.clock.clone(), starting.revocations.clone()));
        starting.spawner.spawn_until_shutdown(Arc::clone(&keys).keep_fresh());
        Arc::new(Judge { keys, audience: self.audience, mapping: self.mapping, clock: starting.clock.clone() })
    }
}

/// Judges the tokens of one issuer.
struct Judge {
    keys: Arc<Keys>,
    audience: String,
    mapping: Mapping,
    clock: Clock,
}

impl Judge {
    async fn principal(&self, token: &str) -> Result<Principal, Rejection> {
        let unknown = || Rejection::Unavailable("the issuer's keys are not known".to_owned());
        let known = self.keys.for_token(token).await.ok_or_else(unknown)?;
        let (issuer, now) = (self.keys.source().issuer(), self.clock.now());
        let expected = Expected { issuer, audience: &self.audience, now, leeway: LEEWAY };
        let claims = known.verifier.verify(token, &expected).map_err(|error| Rejection::Invalid(reason(error)))?;
        let ends = Timestamp::from_seconds(claims.exp.saturating_add(LEEWAY));
        let identity = self.mapping.identity(issuer, claims);
        let mut identity = identity.ok_or(Rejection::Invalid("the subject is no identifier"))?;
        // Verified again soon: an issuer takes a credential back by its keys only.
        identity.expires_at = ends.min(now + REMEMBERED);
        Ok(Principal::new(identity))
    }
}

impl Authority for Judge {
    fn verify<'a>(&'a self, credential: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
        Box::pin(async move {
            match credential {
                Credential::Bearer(token) => self.principal(token).await,
                Credential::Session(_) => Err(Rejection::Invalid("the issuer's cookies are not ours")),
            }
        })
    }
}

const fn reason(error: TokenError) -> &'static str {
    match error {
        TokenError::Malformed => "malformed token",
        TokenError::Header => "refused header",
        TokenError::UnknownKey => "unknown key",
        TokenError::Signature => "bad signature",
        TokenError::NotForUs => "wrong issuer or audience",
        TokenError::Time => "outside its time",
        TokenError::NoSubject => "no subject",
        TokenError::Bound => "bound to a key of its sender",
        TokenError::Text => "a claim is no plain text",
        _ => "refused",
    }
}

/// By how many seconds the issuer's clock may differ from ours.
const LEEWAY: i64 = 30;
const REMEMBERED: Duration = Duration::from_secs(60);
