use portcullis_core::password::PasswordHash;
use portcullis_core::{Id, Secret, Timestamp};

use super::audit::{Event, Kind};
use super::change::Change;
use super::factors::Proven;
use super::gate::{Carrier, Grant};
use super::{AccountService, Origin};
use crate::error::AccountError;

impl AccountService {
    /// Changes the password of a signed-in user who gives the old one. Every session ends, this one too; the answer begins a new one.
    ///
    /// # Errors
    /// [`AccountError::Credentials`] when the old password is wrong, which counts like a wrong log-in; [`AccountError::Password`].
    pub async fn change_password(&self, user: Id, old: &Secret, new: &Secret, origin: &Origin) -> Result<Grant, AccountError> {
        let signer = self.keys().signer()?;
        let proven = self.replace_password(user, old, new, origin).await?;
        self.issue_tokens(&signer, &proven, None, origin).await
    }

    /// As [`change_password`](Self::change_password), for a browser: the value of its new session cookie.
    ///
    /// # Errors
    /// As [`change_password`](Self::change_password).
    pub async fn change_password_in_browser(&self, user: Id, old: &Secret, new: &Secret, origin: &Origin) -> Result<Secret, AccountError> {
        let proven = self.replace_password(user, old, new, origin).await?;
        let (_, cookie) = self.issue_session(&proven, &Carrier::Cookie, origin).await?;
        Ok(cookie)
    }

    async fn replace_password(&self, user: Id, old: &Secret, new: &Secret, origin: &Origin) -> Result<Proven, AccountError> {
        // The old password is judged first: whoever borrowed the session learns nothing about the new one's rules.
        let mut proven = match self.prove_again(user, old, origin).await {
            Ok(first) => first.complete(),
            Err(error @ AccountError::Credentials(_)) => {
                let event = Event::new(Kind::PasswordChangeFail, origin).failed("wrong_password").actor(user.to_string());
                self.record(event.target(Some(user))).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let candidate = self.candidate_by_id(user).await?;
        let hash = self.hash_new_password(new, &[&candidate.username, candidate.email.as_deref().unwrap_or("")], origin).await?;
        let mut change = self.change().await?;
        let replaced = change
            .query("UPDATE portcullis_users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND password_hash = $2")
            .bind(user)
            .bind(proven.hash.expose())
            .bind(hash.expose())
            .bind(self.now())
            .execute()
            .await?;
        if replaced != 1 {
            return Err(AccountError::Credentials("the password changed meanwhile"));
        }
        change.end_sessions(user, None).await?;
        change.void_links(user)?;
        change.record(Event::new(Kind::PasswordChange, origin).actor(user.to_string()).target(Some(user)))?;
        change.commit().await?;
        proven.hash = hash;
        proven.renewed = None;
        Ok(proven)
    }

    /// Checks a new password against the policy and hashes it.
    pub(super) async fn hash_new_password(&self, password: &Secret, names: &[&str], origin: &Origin) -> Result<PasswordHash, AccountError> {
        let mut context = names.to_vec();
        context.push(&self.0.service_name);
        self.0.policy.check(password.expose(), &context)?;
        Ok(self.0.hashing.hash(origin.key(), password.clone()).await?)
    }
}

impl Change<'_> {
    /// Sets a password without the old one: the account's wrong passwords are forgiven and its sessions end.
    pub(super) async fn set_password(
        &mut self,
        service: &AccountService,
        user: Id,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let set = self
            .query("UPDATE portcullis_users SET password_hash = $2, updated_at = $3 WHERE id = $1")
            .bind(user)
            .bind(hash.expose())
            .bind(now)
            .execute()
            .await?;
        if set != 1 {
            return Err(AccountError::UnknownUser);
        }
        let counters = service.counters(Some(user), &crate::name::Login::Nobody(String::new()), None);
        counters.forgive(self.transaction())?;
        self.end_sessions(user, None).await?;
        self.void_links(user)
    }

    /// A link that is still open when the password is new would undo it.
    fn void_links(&mut self, user: Id) -> Result<(), AccountError> {
        Ok(self.query("DELETE FROM portcullis_links WHERE user_id = $1 AND used_at IS NULL").bind(user).later()?)
    }
}
