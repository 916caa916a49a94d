use portcullis_core::password::PasswordHash;
use portcullis_core::{Id, Secret, Timestamp};
use portcullis_store::{StoreError, Transaction};
use portcullis_web::extract::types::Email;

use super::audit::{Event, Kind};
use super::user::{UserView, user_in};
use super::void_links::{OpenLinks, Voiding};
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::name::{Username, canonical_email};

/// The row of a new user.
pub(super) struct NewRow<'a> {
    pub(super) username: &'a Username,
    pub(super) email: Option<&'a Email>,
    /// Whether somebody who may say so vouches for the address.
    pub(super) vouched: bool,
    pub(super) hash: Option<&'a PasswordHash>,
    pub(super) role: &'a str,
}

impl AccountService {
    /// Makes an account for a stranger. The address stays unverified: until it is proven it identifies nobody.
    ///
    /// User names are public handles, so a taken one is said to be taken; an address never is.
    ///
    /// # Errors
    /// When registration is closed, the name is taken, or the password breaks the policy.
    pub async fn register(
        &self,
        username: &Username,
        email: Option<&Email>,
        password: &Secret,
        origin: &Origin,
    ) -> Result<UserView, AccountError> {
        if !self.settings().registration {
            return Err(AccountError::RegistrationClosed);
        }
        let hash = self.hash_new_password(password, &[username.as_str(), email.map_or("", Email::as_str)], origin).await?;
        let mut transaction = self.database().begin().await?;
        let row = NewRow { username, email, vouched: false, hash: Some(&hash), role: self.registration_role() };
        let id = insert_user(&mut transaction, &row, self.now()).await?;
        let event = Event::new(Kind::UserCreated, origin).actor(id.to_string()).target(Some(id)).of_stranger();
        event.write(&self.0.audit, &mut transaction, self.now())?;
        let user = user_in(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Changes the address of a user, who has then to prove it again. Links for setting the user's password are void.
    ///
    /// # Errors
    /// When there is no such user, or the user is disabled.
    pub async fn change_email(&self, user: Id, email: Option<&Email>, origin: &Origin) -> Result<UserView, AccountError> {
        let mut transaction = self.database().begin().await?;
        // A link may lie in the mailbox of the old address.
        let voiding = Voiding { reason: "email_changed", actor: Some(user.to_string()), origin };
        self.void_links(&mut transaction, OpenLinks::Of(user), &voiding).await?;
        let changed = transaction
            .query(CHANGE_EMAIL)
            .bind(user)
            .bind(email.map(|email| email.as_str().to_owned()))
            .bind(email.map(|email| canonical_email(email.as_str())))
            .bind(self.now())
            .execute()
            .await?;
        if changed == 0 {
            // The address is the same: nothing takes effect.
            drop(transaction);
            return self.user(user).await;
        }
        let event = Event::new(Kind::UserUpdated, origin).actor(user.to_string()).target(Some(user)).detail("field", "email");
        event.write(&self.0.audit, &mut transaction, self.now())?;
        let view = user_in(&mut transaction, user).await?;
        if view.disabled {
            // Since the gate let the request pass.
            return Err(AccountError::RoleTooLow);
        }
        transaction.commit().await?;
        Ok(view)
    }
}

pub(super) async fn insert_user(transaction: &mut Transaction, row: &NewRow<'_>, now: Timestamp) -> Result<Id, AccountError> {
    let id = Id::new(now);
    let inserted = transaction
        .query(INSERT)
        .bind(id)
        .bind(row.username.as_str())
        .bind(row.username.canonical())
        .bind(row.email.map(|email| email.as_str().to_owned()))
        .bind(row.email.map(|email| canonical_email(email.as_str())))
        .bind(row.email.filter(|_| row.vouched).map(|_| now))
        .bind(row.hash.map(|hash| hash.expose().to_owned()))
        .bind(row.role)
        .bind(now)
        .execute()
        .await;
    match inserted {
        Ok(_) => Ok(id),
        Err(StoreError::Conflict(constraint)) if constraint.contains("email") => Err(AccountError::EmailTaken),
        Err(StoreError::Conflict(_)) => Err(AccountError::UsernameTaken),
        Err(other) => Err(other.into()),
    }
}

const INSERT: &str = "
INSERT INTO portcullis_users
    (id, username, username_canonical, email, email_canonical, email_verified_at, password_hash, role, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
const CHANGE_EMAIL: &str = "
UPDATE portcullis_users SET email = $2, email_canonical = $3, email_verified_at = NULL, updated_at = $4
WHERE id = $1 AND (email IS NULL) <> ($2 IS NULL) OR id = $1 AND email <> $2";
