use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use portcullis_core::{Id, Identity, Principal, Timestamp};
use portcullis_store::{Record, Row, StoreError};
use portcullis_web::authn::{Authority, Credential, Rejection};

use crate::secrets::digest;
use crate::service::AccountService;

/// Judges this service's own access tokens and session cookies.
///
/// A token whose signature holds is still nothing without its session: the session must be alive and its user enabled *now*. The role
/// is the user's present one, not the one that the token was signed with, so that a changed role holds from the next request on.
impl Authority for AccountService {
    fn verify<'a>(&'a self, credential: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
        Box::pin(async move {
            match credential {
                Credential::Bearer(token) => self.verify_token(token).await,
                Credential::Session(cookie) => self.verify_cookie(cookie).await,
            }
        })
    }
}

impl AccountService {
    async fn verify_token(&self, token: &str) -> Result<Principal, Rejection> {
        self.keys().refresh().await.map_err(|error| Rejection::Unavailable(error.to_string()))?;
        let claims = self.keys().verify(token, self.now()).map_err(Rejection::Invalid)?;
        let query = self.database().query(SESSION_BY_ID).bind(claims.session);
        let found: Option<Present> = query.fetch_optional().await.map_err(unavailable)?;
        let present = found.ok_or(Rejection::Invalid("unknown session"))?;
        self.refuse_ended(&present)?;
        if present.user.to_string() != claims.subject {
            return Err(Rejection::Invalid("the session is another user's"));
        }
        let mut identity = self.identity(&present);
        identity.expires_at = claims.expires_at.min(present.expires_at);
        identity.scopes = claims.scopes;
        identity.client = Some(present.client);
        Ok(Principal::new(identity))
    }

    async fn verify_cookie(&self, cookie: &str) -> Result<Principal, Rejection> {
        let now = self.now();
        let query = self.database().query(SESSION_BY_COOKIE).bind(digest(cookie));
        let found: Option<Present> = query.fetch_optional().await.map_err(unavailable)?;
        let present = found.ok_or(Rejection::Invalid("unknown session"))?;
        self.refuse_ended(&present)?;
        let idle = Duration::from_secs(u64::from(self.settings().session_idle_seconds));
        if present.last_used_at + idle <= now {
            return Err(Rejection::Invalid("the session was idle for too long"));
        }
        let used = self.database().query("UPDATE portcullis_sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2");
        used.bind(present.id).bind(now).execute().await.map_err(unavailable)?;
        let mut identity = self.identity(&present);
        identity.from_cookie = true;
        // Remembered for a minute at most, so that use keeps the session from idling out and disuse doesn't.
        identity.expires_at = present.expires_at.min(now + REMEMBERED);
        Ok(Principal::new(identity))
    }

    fn refuse_ended(&self, present: &Present) -> Result<(), Rejection> {
        if present.revoked_at.is_some() {
            return Err(Rejection::Invalid("the session was ended"));
        }
        if present.disabled_at.is_some() {
            return Err(Rejection::Invalid("the user is disabled"));
        }
        if present.expires_at <= self.now() { Err(Rejection::Invalid("the session is over")) } else { Ok(()) }
    }

    fn identity(&self, present: &Present) -> Identity {
        let mut identity = Identity::new(present.user.to_string());
        identity.role = self.role(&present.role);
        identity.session = Some(present.id);
        identity.authenticated_at = present.authenticated_at;
        identity
    }
}

/// A session and its user at present.
struct Present {
    id: Id,
    user: Id,
    role: String,
    client: String,
    authenticated_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
}

impl Record for Present {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take("id")?,
            user: row.take("user_id")?,
            role: row.take("role")?,
            client: row.take("client")?,
            authenticated_at: row.take("authenticated_at")?,
            last_used_at: row.take("last_used_at")?,
            expires_at: row.take("expires_at")?,
            revoked_at: row.take("revoked_at")?,
            disabled_at: row.take("disabled_at")?,
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn unavailable(error: StoreError) -> Rejection {
    Rejection::Unavailable(error.to_string())
}

const REMEMBERED: Duration = Duration::from_secs(60);
const SESSION_BY_ID: &str = "
SELECT s.id, s.user_id, u.role, s.client, s.authenticated_at, s.last_used_at, s.expires_at, s.revoked_at, u.disabled_at
FROM portcullis_sessions s JOIN portcullis_users u ON u.id = s.user_id WHERE s.id = $1 AND s.cookie_digest IS NULL";
const SESSION_BY_COOKIE: &str = "
SELECT s.id, s.user_id, u.role, s.client, s.authenticated_at, s.last_used_at, s.expires_at, s.revoked_at, u.disabled_at
FROM portcullis_sessions s JOIN portcullis_users u ON u.id = s.user_id WHERE s.cookie_digest = $1";
