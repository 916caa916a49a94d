use portcullis_core::Id;
use portcullis_store::Transaction;

use super::AccountService;
use super::change::Change;
use super::user::UserView;
use crate::error::AccountError;
use crate::name::Login;

impl AccountService {
    pub(super) async fn has_administrator(&self, transaction: &mut Transaction) -> Result<bool, AccountError> {
        let (there_is_one,): (bool,) =
            transaction.query("SELECT EXISTS (SELECT 1 FROM portcullis_users WHERE role = $1)").bind(self.top_role()).fetch_one().await?;
        Ok(there_is_one)
    }

    /// Refuses to lose the last administrator who can sign in.
    ///
    /// Changes come one after the other, so of two administrators who remove each other one stays.
    pub(super) async fn keep_an_administrator(&self, change: &mut Change<'_>, leaving: &UserView) -> Result<(), AccountError> {
        if leaving.role != self.top_role() || leaving.disabled {
            return Ok(());
        }
        let others: Vec<Id> = change.query(OTHERS).bind(self.top_role()).bind(leaving.id).bind(!leaving.has_password).fetch_all().await?;
        for other in others {
            // Whoever leaves without ever having set a password takes nothing away that an invited administrator does not replace.
            if !leaving.has_password || !self.is_locked_out(change, other).await? {
                return Ok(());
            }
        }
        Err(AccountError::LastAdministrator)
    }

    /// Whether so many wrong passwords came that only a reset opens the account again.
    async fn is_locked_out(&self, change: &mut Change<'_>, user: Id) -> Result<bool, AccountError> {
        let counters = self.counters(Some(user), &Login::Nobody(String::new()), None);
        let failures: Option<i64> = change
            .query("SELECT failures FROM portcullis_login_attempts WHERE digest = $1")
            .bind(counters.account())
            .fetch_optional()
            .await?;
        Ok(failures.is_some_and(|failures| failures >= i64::from(self.settings().failures_before_disabled)))
    }
}

/// $1 the top role, $2 who leaves, $3 whether administrators without a password count.
const OTHERS: &str = "
SELECT id FROM portcullis_users
WHERE role = $1 AND disabled_at IS NULL AND id <> $2 AND (password_hash IS NOT NULL OR $3) ORDER BY id";
