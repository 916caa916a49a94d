//! How many sessions a user has at once: when one begins beyond `sessions_per_user`, those that began first end.
//!
//! The user's row is locked by the statement that admits them, so that sessions of one user begin one after the other.

use portcullis_core::Id;

use super::audit::{Event, Kind};
use super::change::Change;
use super::{AccountService, Origin};
use crate::error::AccountError;

impl AccountService {
    /// How many sessions a user may have besides a new one.
    pub(super) fn most_other_sessions(&self) -> i64 {
        i64::from(self.settings().sessions_per_user.saturating_sub(1))
    }
}

impl Change<'_> {
    /// Ends the oldest sessions of a user until there is room for a new one, and forgets what is remembered of them.
    pub(super) async fn make_room(&mut self, user: Id, most_others: i64, origin: &Origin) -> Result<(), AccountError> {
        let now = self.now();
        let ended = self.query(END_OLDEST).bind(user).bind(now).bind(most_others).execute().await?;
        if ended > 0 {
            self.forget(user);
            let event = Event::new(Kind::SessionExpired, origin).actor(user.to_string()).target(Some(user));
            self.record(event.detail("reason", "sessions_per_user").detail("sessions", ended))?;
        }
        Ok(())
    }
}

/// $1 user, $2 now, $3 how many others there may be. No row where there is no room.
pub(super) const HAS_ROOM: &str = "
SELECT CAST(1 AS BIGINT) WHERE
    (SELECT COUNT(*) FROM portcullis_sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2) <= $3";
const END_OLDEST: &str = "
UPDATE portcullis_sessions SET revoked_at = $2 WHERE id IN (
    SELECT id FROM portcullis_sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
    ORDER BY created_at DESC, id DESC LIMIT 9223372036854775807 OFFSET $3)";
