//! Trusting the tokens of an external issuer (resource-server mode).
//!
//! Let through: access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)) signed by a key that the issuer publishes, issued by
//! exactly the configured issuer, for the configured audience. Refused: everything else. The issuer's keys are kept for ten minutes, fetched
//! again when a token names an unknown one (at most every 30 seconds), and the last good ones serve for an hour while the issuer is away.
//! The operator names the issuer, the audience, and a certificate authority if it isn't a public one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use portcullis_core::token::{AccessClaims, Expected, PublicKey, TokenError, Verifier};
use portcullis_core::{Clock, Identity, Principal, RoleEntry, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::authority::{Authority, Credential, Rejection};

/// An external issuer whose access tokens are believed.
pub struct RemoteIssuer {
    audience: String,
    clock: Clock,
    roles: &'static [RoleEntry],
    keys: Arc<Keys>,
    fetching: Arc<Mutex<()>>,
}

/// The issuer's keys, and where they come from.
struct Keys {
    issuer: String,
    client: reqwest::Client,
    known: RwLock<Arc<Known>>,
}

#[derive(Default)]
struct Known {
    verifier: Verifier,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

/// The issuer can't be trusted as configured, or can't be asked now.
#[derive(Debug, thiserror::Error)]
#[error("issuer: {0}")]
pub struct IssuerError(String);

impl RemoteIssuer {
    /// Trusts this issuer's tokens for this audience. `authority` is the PEM of a certificate authority, for issuers without a public one.
    ///
    /// # Errors
    /// When the issuer isn't an `https` URL without query and fragment, or the certificate can't be read.
    pub fn new(issuer: &str, audience: &str, authority: Option<&[u8]>) -> Result<Self, IssuerError> {
        let url = url::Url::parse(issuer).map_err(|_| IssuerError("not a URL".to_owned()))?;
        if url.scheme() != "https" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(IssuerError("must be an https URL without user, query and fragment".to_owned()));
        }
        // Another part of the process may have chosen the provider already; it is the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut client = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(5));
        if let Some(pem) = authority {
            let certificate = reqwest::Certificate::from_pem(pem).map_err(|error| IssuerError(error.to_string()))?;
            client = client.tls_certs_only([certificate]);
        }
        let client = client.build().map_err(|error| IssuerError(error.to_string()))?;
        let keys = Arc::new(Keys { issuer: issuer.to_owned(), client, known: RwLock::default() });
        Ok(Self { audience: audience.to_owned(), clock: Clock::system(), roles: &[], keys, fetching: Arc::default() })
    }

    pub(crate) fn with(mut self, clock: Clock, roles: &'static [RoleEntry]) -> Self {
        self.clock = clock;
        self.roles = roles;
        self
    }

    async fn principal(&self, token: &str) -> Result<Principal, Rejection> {
        let now = self.clock.now();
        let mut known = self.keys.known();
        let is_old = known.fetched_at.is_none_or(|at| now.since(at) > FRESH);
        if is_old || !known.verifier.knows_key_of(token) {
            self.refresh(now).await;
            known = self.keys.known();
        }
        if known.fetched_at.is_none_or(|at| now.since(at) > USABLE) {
            return Err(Rejection::Unavailable("the issuer's keys are not known".to_owned()));
        }
        let expected = Expected { issuer: &self.keys.issuer, audience: &self.audience, now, leeway: LEEWAY };
        match known.verifier.verify(token, &expected) {
            Ok(claims) => Ok(self.believe(claims)),
            Err(error) => Err(Rejection::Invalid(reason(error))),
        }
    }

    /// The caller whom these claims name: the subject within the issuer, never a name. An unknown role is no role.
    fn believe(&self, claims: AccessClaims) -> Principal {
        let mut identity = Identity::new(claims.sub);
        identity.role = self.roles.iter().rev().find(|role| claims.roles.iter().any(|own| own == role.name));
        identity.scopes = claims.scope.map(|scope| scope.split(' ').map(str::to_owned).collect());
        identity.authenticated_at = Timestamp::from_seconds(claims.auth_time.unwrap_or(0));
        // Looked at again soon: the issuer's revocations reach us through its keys and through short lives only.
        identity.expires_at = Timestamp::from_seconds(claims.exp);
        identity.client = Some(claims.client_id);
        Principal::new(identity)
    }

    /// Fetches the keys again, unless that was tried a moment ago; one fetch at a time.
    async fn refresh(&self, now: Timestamp) {
        let fetching = Arc::clone(&self.fetching).lock_owned().await;
        if self.keys.known().tried_at.is_some_and(|at| now.since(at) < RETRY) {
            return;
        }
        let keys = Arc::clone(&self.keys);
        // It goes on when the client goes away, and counts as tried: else whoever leaves early could have the issuer asked without end.
        let fetch = tokio::spawn(async move {
            keys.refresh(now).await;
            drop(fetching);
        });
        let _ = fetch.await;
    }
}

impl Keys {
    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn refresh(&self, now: Timestamp) {
        let known = self.known();
        let next = match self.fetch().await {
            Ok(keys) => Known { verifier: Verifier::new(keys), fetched_at: Some(now), tried_at: Some(now) },
            Err(error) => {
                tracing::warn!(issuer = %self.issuer, %error, "the issuer's keys could not be fetched");
                Known { verifier: known.verifier.clone(), fetched_at: known.fetched_at, tried_at: Some(now) }
            }
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, IssuerError> {
        let metadata = self.metadata().await?;
        if metadata.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(IssuerError("the metadata names another issuer".to_owned()));
        }
        let address = metadata.get("jwks_uri").and_then(Value::as_str).ok_or_else(|| IssuerError("no jwks_uri".to_owned()))?;
        // Keys live where the issuer lives: its document can't send us into the private network.
        let same = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
        if same(address) != same(&self.issuer) {
            return Err(IssuerError("the keys stand at another origin".to_owned()));
        }
        let set = self.json(address).await?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or_else(|| IssuerError("no keys".to_owned()))?;
        Ok(keys.iter().take(MOST_KEYS).filter_map(PublicKey::from_jwk).collect())
    }

    /// RFC 8414 puts the well-known part between host and path; OpenID Connect appends it.
    async fn metadata(&self) -> Result<Value, IssuerError> {
        let mut first = url::Url::parse(&self.issuer).map_err(|error| IssuerError(error.to_string()))?;
        let path = first.path().trim_end_matches('/').to_owned();
        first.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
        match self.json(first.as_str()).await {
            Ok(metadata) => Ok(metadata),
            Err(_) => self.json(&format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))).await,
        }
    }

    async fn json(&self, address: &str) -> Result<Value, IssuerError> {
        let failed = |error: reqwest::Error| IssuerError(error.without_url().to_string());
        let mut response = self.client.get(address).send().await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(IssuerError(format!("answered {}", response.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(IssuerError("answered too much".to_owned()));
            }
        }
        serde_json::from_slice(&body).map_err(|_| IssuerError("answered no JSON".to_owned()))
    }
}

impl Authority for RemoteIssuer {
    fn verify<'a>(&'a self, credential: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
        Box::pin(async move {
            match credential {
                Credential::Bearer(token) => self.principal(token).await,
                Credential::Session(_) => Err(Rejection::Invalid("the issuer's cookies are not ours")),
            }
        })
    }
}

impl fmt::Debug for RemoteIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteIssuer({})", self.keys.issuer)
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
        _ => "refused",
    }
}

const FRESH: Duration = Duration::from_secs(600);
const USABLE: Duration = Duration::from_secs(3600);
const RETRY: Duration = Duration::from_secs(30);
const LEEWAY: i64 = 30;
const MOST_BYTES: usize = 256 * 1024;
const MOST_KEYS: usize = 64;
