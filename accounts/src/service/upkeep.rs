use std::time::Duration;

use super::audit::{Event, Kind};
use super::{AccountService, Actor, Origin};
use crate::error::AccountError;
use crate::keys::KeyView;

impl AccountService {
    /// Deletes what has no meaning any more: sessions and tokens long over, spent links, counters of addresses, and counters of names
    /// that nobody has beyond a bound. Call it every few minutes; it is the same whoever calls it, and however often.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn prune(&self) -> Result<(), AccountError> {
        let now = self.now();
        for (sql, before) in [
            ("DELETE FROM portcullis_sessions WHERE expires_at < $1", now - KEEP_SESSIONS),
            ("DELETE FROM portcullis_sessions WHERE revoked_at < $1", now - KEEP_SESSIONS),
            ("DELETE FROM portcullis_links WHERE expires_at < $1", now),
        ] {
            self.database().query(sql).bind(before).execute().await?;
        }
        let windows = "DELETE FROM portcullis_login_attempts WHERE kind = 'address' AND blocked_until < $1";
        self.database().query(windows).bind(now).execute().await?;
        // Names that nobody has keep their failures as accounts do, or a name whose failures are forgotten would be one that nobody has.
        // Made-up names can't fill the disk all the same: the oldest beyond the bound go.
        self.database().query(BOUND_NOBODY).bind(MOST_NOBODIES).execute().await?;
        Ok(())
    }
}

impl AccountService {
    /// Makes the next signing key. It is published at once and signs when verifiers have had time to learn it; tokens of the present one
    /// stay valid until they expire.
    ///
    /// # Errors
    /// When the actor is a user who is disabled, signed out or demoted, or when the store is away.
    pub async fn rotate_keys(&self, actor: &Actor, origin: &Origin) -> Result<KeyView, AccountError> {
        let mut change = self.change().await?;
        change.standing(actor).await?;
        let key = self.keys().add_next(change.transaction()).await?;
        change.record(Event::new(Kind::KeyRotated, origin).actor(actor.name()).detail("kid", key.kid.as_str()))?;
        change.commit().await?;
        self.keys().reload().await?;
        Ok(key)
    }
}

/// Ended sessions stay for a while: the reuse of their tokens is still recognised.
const KEEP_SESSIONS: Duration = Duration::from_secs(86_400);
const MOST_NOBODIES: i64 = 100_000;
const BOUND_NOBODY: &str = "
DELETE FROM portcullis_login_attempts WHERE kind = 'nobody' AND last_at <
    (SELECT last_at FROM portcullis_login_attempts WHERE kind = 'nobody' ORDER BY last_at DESC LIMIT 1 OFFSET $1)";
