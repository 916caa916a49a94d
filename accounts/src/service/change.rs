//! A commit that takes something away from a credential.
//!
//! It counts the security epoch up *first*, which also serialises such commits on PostgreSQL, and forgets what this process remembers of
//! the subjects *after* the commit. Other processes see the epoch change (`follow`) and forget everything they remember.

use std::sync::atomic::Ordering;

use portcullis_core::{Id, RoleEntry, Timestamp};
use portcullis_store::{Query, Transaction};

use super::AccountService;
use super::audit::Event;
use crate::error::AccountError;

pub(super) struct Change<'service> {
    service: &'service AccountService,
    transaction: Transaction,
    epoch: i64,
    subjects: Vec<Id>,
}

impl AccountService {
    pub(super) async fn change(&self) -> Result<Change<'_>, AccountError> {
        let mut transaction = self.database().begin().await?;
        let (epoch,): (i64,) =
            transaction.query("UPDATE portcullis_security_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch").fetch_one().await?;
        Ok(Change { service: self, transaction, epoch, subjects: Vec::new() })
    }
}

impl Change<'_> {
    pub(super) fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.transaction.query(sql)
    }

    pub(super) const fn transaction(&mut self) -> &mut Transaction {
        &mut self.transaction
    }

    pub(super) fn record(&mut self, event: Event) -> Result<(), AccountError> {
        event.write(&self.service.0.audit, &mut self.transaction, self.service.now()).map(|_| ())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.service.now()
    }

    /// The application's role of this name.
    pub(super) fn role(&self, name: &str) -> Option<&'static RoleEntry> {
        self.service.role(name)
    }

    /// Credentials of this user are to be verified anew after the commit.
    pub(super) fn forget(&mut self, user: Id) {
        self.subjects.push(user);
    }

    /// Ends every session of the user but one; says how many.
    pub(super) async fn end_sessions(&mut self, user: Id, but: Option<Id>) -> Result<u64, AccountError> {
        let now = self.service.now();
        self.forget(user);
        Ok(self
            .transaction
            .query("UPDATE portcullis_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND id <> $3")
            .bind(user)
            .bind(now)
            .bind(but.map_or_else(String::new, |id| id.to_string()))
            .execute()
            .await?)
    }

    pub(super) async fn commit(self) -> Result<(), AccountError> {
        self.transaction.commit().await?;
        for subject in &self.subjects {
            self.service.0.revocations.forget(&subject.to_string());
        }
        // Nothing is forgotten twice: the next look at the epoch finds this process's own step already taken. If another process stepped
        // in between, the numbers don't meet and the look forgets everything.
        let _ = self.service.0.epoch.compare_exchange(self.epoch - 1, self.epoch, Ordering::AcqRel, Ordering::Acquire);
        Ok(())
    }
}
