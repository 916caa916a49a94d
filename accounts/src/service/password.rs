use portcullis_core::password::PasswordHash;
use portcullis_core::{Id, Secret};

use super::audit::{Event, Kind};
use super::change::Change;
use super::factors::{Attempt, Proven};
use super::gate::{Carrier, Grant};
use super::void_links::{OpenLinks, Voiding};
use super::{AccountService, Origin};
use crate::error::AccountError;

impl AccountService {
    /// Changes the password of a signed-in user who gives the old one. Every session ends, this one too; the answer begins a new one, which
    /// is restricted to the same scopes.
    ///
    /// # Errors
    /// [`AccountError::Credentials`] when the old password is wrong, which counts like a wrong log-in; [`AccountError::Password`].
    pub async fn change_password(
        &self,
        user: Id,
        old: &Secret,
        new: &Secret,
        scopes: Option<&[String]>,
        origin: &Origin,
    ) -> Result<Grant, AccountError> {
        let signer = self.keys().signer()?;
        let scope = scopes.map(|held| held.join(" "));
        let attempt = self.attempt_again(user, origin).await?;
        let (service, old, new, origin) = (self.clone(), old.clone(), new.clone(), origin.clone());
        let changed = async move {
            let mut proven = service.prove_old_password(attempt, user, &old, &origin).await?;
            let granted = match service.replace_password(&mut proven, &new, &origin).await {
                Ok(()) => service.issue_tokens(&signer, &proven, scope.as_deref(), &origin).await,
                Err(error) => Err(error),
            };
            service.settle(&proven, granted).await
        };
        self.0.spawner.run_to_end(changed).await
    }

    /// As [`change_password`](Self::change_password), for a browser: the value of its new session cookie.
    ///
    /// # Errors
    /// As [`change_password`](Self::change_password).
    pub async fn change_password_in_browser(&self, user: Id, old: &Secret, new: &Secret, origin: &Origin) -> Result<Secret, AccountError> {
        let attempt = self.attempt_again(user, origin).await?;
        let (service, old, new, origin) = (self.clone(), old.clone(), new.clone(), origin.clone());
        let changed = async move {
            let mut proven = service.prove_old_password(attempt, user, &old, &origin).await?;
            let issued = match service.replace_password(&mut proven, &new, &origin).await {
                Ok(()) => service.issue_session(&proven, &Carrier::Cookie, &origin).await,
                Err(error) => Err(error),
            };
            service.settle(&proven, issued).await.map(|(_, cookie)| cookie)
        };
        self.0.spawner.run_to_end(changed).await
    }

    /// Judges the old password before the new one: a client with a borrowed session learns nothing about the rules for new passwords.
    async fn prove_old_password(&self, attempt: Attempt, user: Id, old: &Secret, origin: &Origin) -> Result<Proven, AccountError> {
        match self.judge(attempt, old, origin).await {
            Ok(first) => Ok(first.complete()),
            Err(error @ AccountError::Credentials(_)) => {
                let event = Event::new(Kind::PasswordChangeFail, origin).failed("wrong_password").actor(user.to_string());
                self.record(event.target(Some(user))).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks and writes the new password; from then on it is the one that was proven.
    async fn replace_password(&self, proven: &mut Proven, new: &Secret, origin: &Origin) -> Result<(), AccountError> {
        let user = proven.user;
        let candidate = self.candidate_by_id(user).await?;
        let hash = self.hash_new_password(new, &[&candidate.username, candidate.email.as_deref().unwrap_or("")], origin).await?;
        let mut change = self.change().await?;
        let voiding = Voiding { reason: "password_change", actor: Some(user.to_string()), origin };
        self.void_links(change.transaction(), OpenLinks::OfAndBy(user), &voiding).await?;
        let replaced = change
            .query("UPDATE portcullis_users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL")
            .bind(user)
            .bind(proven.hash.expose())
            .bind(hash.expose())
            .bind(self.now())
            .execute()
            .await?;
        if replaced != 1 {
            return Err(AccountError::Credentials("disabled, or the password changed meanwhile"));
        }
        change.end_sessions(user, None).await?;
        change.record(Event::new(Kind::PasswordChange, origin).actor(user.to_string()).target(Some(user)))?;
        change.commit().await?;
        proven.hash = hash;
        proven.renewed = None;
        Ok(())
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
    /// Sets a password without the old one: the account's wrong passwords are forgiven, its sessions end, and links of and by it are void.
    pub(super) async fn set_password(
        &mut self,
        service: &AccountService,
        user: Id,
        hash: &PasswordHash,
        voiding: &Voiding<'_>,
    ) -> Result<(), AccountError> {
        service.void_links(self.transaction(), OpenLinks::OfAndBy(user), voiding).await?;
        let set = self
            .query("UPDATE portcullis_users SET password_hash = $2, updated_at = $3 WHERE id = $1")
            .bind(user)
            .bind(hash.expose())
            .bind(service.now())
            .execute()
            .await?;
        if set != 1 {
            return Err(AccountError::UnknownUser);
        }
        let counters = service.counters(Some(user), &crate::name::Login::Nobody(String::new()), None);
        counters.forgive(self.transaction())?;
        self.end_sessions(user, None).await?;
        Ok(())
    }
}
