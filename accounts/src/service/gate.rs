//! The one gate: every way in ends here, and nothing else writes a session or signs an access token.
//!
//! Let through: [`Proven`] users whose account is enabled and whose password is still the proven one, looked at together with the writing
//! of the session. A [`LiveSession`] is made by [`issue_session`](AccountService::issue_session) and
//! [`renew_session`](AccountService::renew_session) alone, and a token is signed for nothing else.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::{Id, Secret, Timestamp};
use portcullis_store::{Query, Record, Row, Statements, StoreError, Transaction};
use std::time::Duration;

use super::audit::{Event, Kind};
use super::factors::Proven;
use super::session_cap::HAS_ROOM;
use super::user::user_in;
use super::{AccountService, FIRST_PARTY, Origin};
use crate::error::AccountError;
use crate::keys::{AccessToken, Signer};
use crate::secrets::{digest, random_token};

/// What a log-in or a refresh gives to the client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Grant {
    /// The access token, a JWT ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).
    pub access_token: Secret,
    /// How many seconds it lasts.
    pub expires_in: u32,
    /// The refresh token.
    pub refresh_token: Secret,
    /// The scope that the tokens are restricted to; empty when they are not.
    pub scope: String,
    /// The session.
    pub session: Id,
    /// The user.
    pub user: Id,
}

/// A session that is alive as this transaction sees it, of a user who may come in.
pub(super) struct LiveSession {
    id: Id,
    user: Id,
    role: String,
    authenticated_at: Timestamp,
    expires_at: Timestamp,
    methods: String,
    client: String,
    scope: Option<String>,
}

/// The refresh token of a session; its text can be computed again from its identifier.
pub(super) struct RefreshToken {
    pub(super) id: Id,
    pub(super) created_at: Timestamp,
}

/// What the session lives in.
pub(super) enum Carrier<'a> {
    /// Access and refresh tokens, restricted to this scope.
    Tokens { scope: Option<&'a str>, refresh: &'a RefreshToken },
    /// A cookie of a browser.
    Cookie,
}

/// A session about to be written.
struct NewSession {
    id: Id,
    expires_at: Timestamp,
    cookie_digest: Option<String>,
    scope: Option<String>,
}

impl AccountService {
    /// Writes a session for a proven user, if the account's present state allows; the text is the cookie's.
    pub(super) async fn issue_session(
        &self,
        proven: &Proven,
        carrier: &Carrier<'_>,
        origin: &Origin,
    ) -> Result<(LiveSession, Secret), AccountError> {
        let now = self.now();
        let cookie = random_token()?;
        let (lifetime, scope, cookie_digest) = match carrier {
            Carrier::Tokens { scope, .. } => (self.settings().refresh_absolute_seconds, scope.map(str::to_owned), None),
            Carrier::Cookie => (self.settings().session_absolute_seconds, None, Some(digest(cookie.expose()))),
        };
        let new = NewSession { id: Id::new(now), expires_at: now + seconds(lifetime), cookie_digest, scope };
        let role = self.write_session(proven, carrier, &new, origin).await?;
        let NewSession { id, expires_at, scope, .. } = new;
        let session = LiveSession {
            id,
            user: proven.user,
            role,
            authenticated_at: now,
            expires_at,
            methods: proven.methods.to_owned(),
            client: FIRST_PARTY.to_owned(),
            scope,
        };
        Ok((session, cookie))
    }

    /// Writes the session in one trip, or, where the user has as many as they may, ends the oldest first. The answer is the user's role.
    async fn write_session(
        &self,
        proven: &Proven,
        carrier: &Carrier<'_>,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<String, AccountError> {
        let most_others = self.most_other_sessions();
        let mut batch = self.database().batch();
        admit(&mut batch, proven, self.now()).needed()?;
        batch.query(HAS_ROOM).bind(proven.user).bind(self.now()).bind(most_others).needed()?;
        self.leave_session(&mut batch, proven, carrier, new, origin)?;
        match batch.commit().await {
            // Without room, or without the account, there is neither session nor token nor event.
            Err(StoreError::NotFound) => {}
            answers => return answers?.next_row()?.ok_or(NOT_ADMITTED),
        }
        let mut change = self.change().await?;
        let role = admit(change.transaction(), proven, self.now()).fetch_optional().await?.ok_or(NOT_ADMITTED)?;
        change.make_room(proven.user, most_others, origin).await?;
        self.leave_session(change.transaction(), proven, carrier, new, origin)?;
        change.commit().await?;
        Ok(role)
    }

    /// Leaves what makes up a session for the commit.
    fn leave_session(
        &self,
        statements: &mut impl Statements,
        proven: &Proven,
        carrier: &Carrier<'_>,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<(), AccountError> {
        let now = self.now();
        proven.counters.clear(statements)?;
        statements
            .query(INSERT_SESSION)
            .bind(new.id)
            .bind(proven.user)
            .bind(new.cookie_digest.clone())
            .bind(now)
            .bind(new.expires_at)
            .bind(proven.methods)
            .bind(FIRST_PARTY)
            .bind(new.scope.clone())
            .bind(origin.user_agent_text())
            .bind(origin.address_text())
            .later()?;
        let event = Event::new(Kind::LoginSuccess, origin).actor(proven.user.to_string()).target(Some(proven.user));
        event.detail("session", new.id.to_string()).detail("methods", proven.methods).write(&self.0.audit, statements, now)?;
        if let Carrier::Tokens { refresh, .. } = carrier {
            self.write_refresh_token(statements, (new.id, new.expires_at), refresh)?;
        }
        Ok(())
    }

    /// The session, if it is alive and its user may come in; marks it as used.
    pub(super) async fn renew_session(&self, transaction: &mut Transaction, session: Id) -> Result<LiveSession, AccountError> {
        let now = self.now();
        let dead = AccountError::Grant("the session is over");
        let mut session: LiveSession = transaction.query(USE_SESSION).bind(session).bind(now).fetch_optional().await?.ok_or(dead)?;
        let user = user_in(transaction, session.user).await?;
        if user.disabled {
            return Err(AccountError::Grant("the user is disabled"));
        }
        session.role = user.role;
        Ok(session)
    }

    /// Writes the next refresh token of a session, which ends then.
    pub(super) fn write_refresh_token(
        &self,
        statements: &mut impl Statements,
        (session, expires_at): (Id, Timestamp),
        token: &RefreshToken,
    ) -> Result<(), AccountError> {
        let idle = token.created_at + seconds(self.settings().refresh_idle_seconds);
        Ok(statements
            .query("INSERT INTO portcullis_refresh_tokens (digest, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(self.refresh_digest(token.id))
            .bind(session)
            .bind(token.created_at)
            .bind(idle.min(expires_at))
            .later()?)
    }

    /// Signs for a live session. The answer is a function of session and refresh token, so that it can be given once more.
    pub(super) fn grant(
        &self,
        signer: &Signer,
        session: &LiveSession,
        refresh: &RefreshToken,
        scope: Option<&str>,
    ) -> Result<Grant, AccountError> {
        let scope = scope.or(session.scope.as_deref());
        let access_token = signer.sign_access_token(&AccessToken {
            subject: session.user,
            role: &session.role,
            session: session.id,
            client: &session.client,
            scope,
            methods: &session.methods,
            authenticated_at: session.authenticated_at,
            issued_at: refresh.created_at,
            id: refresh.id,
        })?;
        Ok(Grant {
            access_token,
            expires_in: self.settings().access_token_seconds,
            refresh_token: self.refresh_text(refresh.id),
            scope: scope.unwrap_or_default().to_owned(),
            session: session.id,
            user: session.user,
        })
    }

    /// What a refresh token is stored as.
    pub(super) fn refresh_digest(&self, id: Id) -> String {
        digest(self.refresh_text(id).expose())
    }

    /// 256 bits that nobody without the key can compute, and that need not be stored to be given again.
    fn refresh_text(&self, id: Id) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(hmac::sign(&self.0.refresh_key, id.as_bytes())))
    }
}

impl LiveSession {
    pub(super) const fn id(&self) -> Id {
        self.id
    }

    /// The session and when it ends.
    pub(super) const fn span(&self) -> (Id, Timestamp) {
        (self.id, self.expires_at)
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

impl Record for LiveSession {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take("id")?,
            user: row.take("user_id")?,
            role: String::new(),
            authenticated_at: row.take("authenticated_at")?,
            expires_at: row.take("expires_at")?,
            methods: row.take("methods")?,
            client: row.take("client")?,
            scope: row.take("scope")?,
        })
    }
}

pub(super) fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}

/// The statement that admits the user and locks their row; no row where the account is disabled or its password another one.
fn admit<'a>(statements: &'a mut impl Statements, proven: &Proven, now: Timestamp) -> Query<'a> {
    let kept = proven.renewed.as_ref().unwrap_or(&proven.hash);
    statements.query(ADMIT).bind(proven.user).bind(now).bind(proven.hash.expose()).bind(kept.expose())
}

const NOT_ADMITTED: AccountError = AccountError::Credentials("disabled, or the password changed meanwhile");
const ADMIT: &str = "
UPDATE portcullis_users SET last_login_at = $2, password_hash = $4 WHERE id = $1 AND disabled_at IS NULL AND password_hash = $3
RETURNING role";
/// Sessions of one user that begin in the same microsecond keep their order, and so do those that begin after the clock was set back.
const INSERT_SESSION: &str = "
INSERT INTO portcullis_sessions
    (id, user_id, cookie_digest, created_at, authenticated_at, last_used_at, expires_at, methods, client, scope, user_agent, client_address)
VALUES ($1, $2, $3,
    (SELECT CASE WHEN MAX(created_at) >= $4 THEN MAX(created_at) + 1 ELSE $4 END
        FROM portcullis_sessions WHERE user_id = $2 AND revoked_at IS NULL),
    $4, $4, $5, $6, $7, $8, $9, $10)";
const USE_SESSION: &str = "
UPDATE portcullis_sessions SET last_used_at = $2 WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2
RETURNING id, user_id, authenticated_at, expires_at, methods, client, scope";
