use portcullis_core::Id;

use super::audit::{Event, Kind};
use super::void_links::{OpenLinks, Voiding};
use super::{AccountService, Origin};
use crate::error::AccountError;

impl AccountService {
    /// Ends one session of a user; its tokens and its cookie are refused from the next request on.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn log_out(&self, user: Id, session: Id, origin: &Origin) -> Result<(), AccountError> {
        let mut change = self.change().await?;
        let ended = change
            .query("UPDATE portcullis_sessions SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL")
            .bind(session)
            .bind(user)
            .bind(self.now())
            .execute()
            .await?;
        if ended == 1 {
            change.forget(user);
            let event = Event::new(Kind::SessionLogout, origin).actor(user.to_string()).target(Some(user));
            change.record(event.detail("session", session.to_string()))?;
            change.commit().await?;
        }
        Ok(())
    }

    /// Ends every session of a user, and voids the links of and by them.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn log_out_everywhere(&self, user: Id, origin: &Origin) -> Result<u64, AccountError> {
        let mut change = self.change().await?;
        let ended = change.end_sessions(user, None).await?;
        let voiding = Voiding { reason: "logged_out_everywhere", actor: Some(user.to_string()), origin };
        self.void_links(change.transaction(), OpenLinks::OfAndBy(user), &voiding).await?;
        let event = Event::new(Kind::SessionLogout, origin).actor(user.to_string()).target(Some(user));
        change.record(event.detail("sessions", ended))?;
        change.commit().await?;
        Ok(ended)
    }
}
