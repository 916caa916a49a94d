//! What other processes take away.
//!
//! Let through: what this process remembers, for the length of a lease that only a successful look at the security epoch renews. Refused:
//! everything remembered, once a look has failed or the lease has run out; it is then verified from scratch. The looks have a connection
//! of their own, so that neither an exhausted pool nor a frozen connection of it delays them, and each ends by a deadline.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::AccountService;
use crate::error::AccountError;

impl AccountService {
    /// Looks whether another process took something away; whoever keeps remembered credentials calls this a few times a second.
    ///
    /// # Errors
    /// When the store is away. What is remembered doesn't count then.
    pub async fn follow_epoch(&self) -> Result<(), AccountError> {
        // Taken before the look: it says nothing about what happens later.
        let asked = self.0.clock.steady();
        let looked = self.look().await;
        match &looked {
            Ok(()) => self.0.revocations.renew(asked + LEASE),
            Err(_) => self.0.revocations.end_lease(),
        }
        looked
    }

    async fn look(&self) -> Result<(), AccountError> {
        let epoch: i64 = self.0.reserved.fetch_one("SELECT epoch FROM portcullis_security_epoch WHERE id = 1").await?;
        if self.0.epoch.load(Ordering::Acquire) != epoch {
            // Forgotten first: reading the keys takes time, and may fail. Until they are read, no token is verified with the old ones.
            self.0.keys.distrust();
            self.0.revocations.forget_all();
            self.0.keys.refresh().await?;
            // Taken only now: when the keys can't be read, the next look finds the step again.
            self.0.epoch.store(epoch, Ordering::Release);
        }
        Ok(())
    }
}

/// How long a look counts: what is remembered may be older than a revocation by this much when the database can't be asked.
const LEASE: Duration = Duration::from_secs(2);
/// How often the epoch is looked at.
pub(crate) const FOLLOW_EVERY: Duration = Duration::from_millis(250);
/// How long one look may take, its connection and the keys included each.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
