//! Refresh with rotation.
//!
//! A refresh token is spent by one atomic statement. Whoever comes second within the grace period, with the immediately preceding token
//! and as the same client, lost the answer and gets the same one again. Any other second use is theft: the whole family ends.

use portcullis_core::{Id, Timestamp};
use portcullis_store::{Record, Row, StoreError, Transaction};

use super::audit::{Event, Kind};
use super::gate::{Grant, RefreshToken, seconds};
use super::void_links::{OpenLinks, Voiding};
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::secrets::digest;

/// A refresh token as it stands in the database.
struct Stored {
    session: Id,
    user: Id,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
    successor: Option<Id>,
}

impl AccountService {
    /// Exchanges a refresh token for new tokens, restricted to this scope or else to what restricted the session.
    ///
    /// # Errors
    /// [`AccountError::Scope`] when the scope isn't declared or is wider than the session's;
    /// [`AccountError::Grant`] when it is unknown, expired, used before, or its session or user is no more.
    pub async fn refresh(&self, token: &str, client: &str, scope: Option<&str>, origin: &Origin) -> Result<Grant, AccountError> {
        let scope = self.checked_scope(scope)?;
        let scope = scope.as_deref();
        let digest = digest(token);
        let now = self.now();
        let next = RefreshToken { id: Id::new(now), created_at: now };
        let mut transaction = self.database().begin().await?;
        let spent: Option<(Id,)> =
            transaction.query(SPEND).bind(digest.as_str()).bind(now).bind(next.id).bind(client).fetch_optional().await?;
        let Some((session,)) = spent else {
            return self.second_use(transaction, &digest, client, scope, origin).await;
        };
        let session = self.renew_session(&mut transaction, session).await?;
        let scope = session.narrowed(scope)?;
        self.write_refresh_token(&mut transaction, session.span(), &next)?;
        let grant = self.grant(&self.keys().signer()?, &session, &next, scope)?;
        let event = Event::new(Kind::TokenCreated, origin).actor(grant.user.to_string()).detail("session", session.id().to_string());
        event.write(&self.0.audit, &mut transaction, now)?;
        transaction.commit().await?;
        Ok(grant)
    }

    async fn second_use(
        &self,
        mut transaction: Transaction,
        digest: &str,
        client: &str,
        scope: Option<&str>,
        origin: &Origin,
    ) -> Result<Grant, AccountError> {
        let now = self.now();
        let found: Option<Stored> = transaction.query(FIND).bind(digest).bind(client).fetch_optional().await?;
        let stored = found.ok_or(AccountError::Grant("unknown refresh token, or another client's"))?;
        let (Some(used_at), Some(successor)) = (stored.used_at, stored.successor) else {
            return Err(AccountError::Grant(if stored.expires_at <= now { "expired refresh token" } else { "unusable refresh token" }));
        };
        let grace = seconds(self.settings().refresh_grace_seconds);
        if now <= used_at + grace && self.is_unused(&mut transaction, successor).await? {
            let session = self.renew_session(&mut transaction, stored.session).await?;
            let scope = session.narrowed(scope)?;
            let token = RefreshToken { id: successor, created_at: used_at };
            let same = self.grant(&self.keys().signer()?, &session, &token, scope)?;
            transaction.commit().await?;
            return Ok(same);
        }
        drop(transaction);
        self.end_family(&stored, origin).await?;
        Err(AccountError::Grant("refresh token used twice"))
    }

    async fn is_unused(&self, transaction: &mut Transaction, token: Id) -> Result<bool, AccountError> {
        let query = transaction.query("SELECT digest FROM portcullis_refresh_tokens WHERE digest = $1 AND used_at IS NULL");
        let found: Option<String> = query.bind(self.refresh_digest(token)).fetch_optional().await?;
        Ok(found.is_some())
    }

    async fn end_family(&self, stored: &Stored, origin: &Origin) -> Result<(), AccountError> {
        let mut change = self.change().await?;
        let ended = change
            .query("UPDATE portcullis_sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(stored.session)
            .bind(self.now())
            .execute()
            .await?;
        // A thief who goes on trying fills no log: only the use that ends the family is recorded. Links that the thief made are void, too.
        if ended == 1 {
            change.forget(stored.user);
            let voiding = Voiding { reason: "token_reuse", actor: None, origin };
            self.void_links(change.transaction(), OpenLinks::OfAndBy(stored.user), &voiding).await?;
            let event = Event::new(Kind::TokenReuse, origin).failed("refresh token used twice").target(Some(stored.user));
            change.record(event.detail("session", stored.session.to_string()))?;
            change.commit().await?;
        }
        Ok(())
    }
}

impl Record for Stored {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            session: row.take("session_id")?,
            user: row.take("user_id")?,
            expires_at: row.take("expires_at")?,
            used_at: row.take("used_at")?,
            successor: row.take("successor")?,
        })
    }
}

/// $1 digest, $2 now, $3 successor, $4 client.
const SPEND: &str = "
UPDATE portcullis_refresh_tokens SET used_at = $2, successor = $3
WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
    AND EXISTS (SELECT 1 FROM portcullis_sessions s WHERE s.id = portcullis_refresh_tokens.session_id AND s.client = $4)
RETURNING session_id";
/// $1 digest, $2 client.
const FIND: &str = "
SELECT t.session_id, s.user_id, t.expires_at, t.used_at, t.successor
FROM portcullis_refresh_tokens t
JOIN portcullis_sessions s ON s.id = t.session_id
WHERE t.digest = $1 AND s.client = $2";
