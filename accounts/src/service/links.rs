//! One-time links: for the first administrator, and for setting a password.

use portcullis_core::{Id, Secret};
use portcullis_store::Transaction;

use super::audit::{Event, Kind};
use super::gate::seconds;
use super::register::{NewRow, insert_user};
use super::user::{UserView, user_in};
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::name::Username;
use crate::secrets::{digest, random_token};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    FirstAdministrator,
    SetPassword,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstAdministrator => "first_administrator",
            Self::SetPassword => "set_password",
        }
    }
}

impl AccountService {
    /// A new link for making the first administrator, unless there is an administrator; older links are void.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn setup_link(&self) -> Result<Option<Secret>, AccountError> {
        let mut transaction = self.database().begin().await?;
        if self.has_administrator(&mut transaction).await? {
            return Ok(None);
        }
        let link = self.write_link(&mut transaction, Purpose::FirstAdministrator, None).await?;
        transaction.commit().await?;
        Ok(Some(link))
    }

    /// Makes the first administrator. A name or password that is refused leaves the link as it was.
    ///
    /// # Errors
    /// When the link is unknown, used or expired, when there is an administrator, when the password breaks the policy.
    pub async fn set_up(&self, code: &str, username: &Username, password: &Secret, origin: &Origin) -> Result<UserView, AccountError> {
        self.look_at_link(code, Purpose::FirstAdministrator).await?;
        let hash = self.hash_new_password(password, &[username.as_str()], origin).await?;
        let mut change = self.change().await?;
        self.spend_link(change.transaction(), code, Purpose::FirstAdministrator).await?;
        if self.has_administrator(change.transaction()).await? {
            return Err(AccountError::SetUp);
        }
        let row = NewRow { username, email: None, vouched: false, hash: Some(&hash), role: self.top_role() };
        let id = insert_user(change.transaction(), &row, self.now()).await?;
        change.record(Event::new(Kind::UserCreated, origin).actor(id.to_string()).target(Some(id)).detail("role", self.top_role()))?;
        let user = user_in(change.transaction(), id).await?;
        change.commit().await?;
        Ok(user)
    }

    /// Sets a password by a link. It logs nobody in, and ends every session.
    ///
    /// # Errors
    /// When the link is unknown, used or expired, when the password breaks the policy.
    pub async fn set_password_by_link(&self, code: &str, password: &Secret, origin: &Origin) -> Result<UserView, AccountError> {
        let user = self.look_at_link(code, Purpose::SetPassword).await?.ok_or(AccountError::Grant("a link without a user"))?;
        let before = self.user(user).await?;
        let names = [before.username.as_str(), before.email.as_deref().unwrap_or("")];
        let hash = self.hash_new_password(password, &names, origin).await?;
        let mut change = self.change().await?;
        self.spend_link(change.transaction(), code, Purpose::SetPassword).await?;
        change.set_password(self, user, &hash, self.now()).await?;
        change.record(Event::new(Kind::PasswordChange, origin).actor(user.to_string()).target(Some(user)))?;
        let view = user_in(change.transaction(), user).await?;
        change.commit().await?;
        Ok(view)
    }

    pub(super) async fn write_link(
        &self,
        transaction: &mut Transaction,
        purpose: Purpose,
        user: Option<Id>,
    ) -> Result<Secret, AccountError> {
        let now = self.now();
        let code = random_token()?;
        transaction
            .query("DELETE FROM portcullis_links WHERE purpose = $1 AND (user_id = $2 OR $3)")
            .bind(purpose.name())
            .bind(user.map(|user| user.to_string()))
            .bind(user.is_none())
            .execute()
            .await?;
        transaction
            .query("INSERT INTO portcullis_links (digest, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(digest(code.expose()))
            .bind(purpose.name())
            .bind(user.map(|user| user.to_string()))
            .bind(now)
            .bind(now + seconds(self.settings().link_seconds))
            .execute()
            .await?;
        let page = match purpose {
            Purpose::FirstAdministrator => "setup",
            Purpose::SetPassword => "set-password",
        };
        Ok(Secret::new(format!("{}/{page}?code={}", self.public_url(), code.expose())))
    }

    /// Whether the link would be taken, and whose it is; nothing is spent.
    async fn look_at_link(&self, code: &str, purpose: Purpose) -> Result<Option<Id>, AccountError> {
        let found: Option<(Option<Id>,)> =
            self.database().query(LOOK).bind(digest(code)).bind(purpose.name()).bind(self.now()).fetch_optional().await?;
        found.map(|(user,)| user).ok_or(AccountError::Grant("the link is unknown, used or expired"))
    }

    async fn spend_link(&self, transaction: &mut Transaction, code: &str, purpose: Purpose) -> Result<(), AccountError> {
        let spent = transaction.query(SPEND).bind(digest(code)).bind(purpose.name()).bind(self.now()).execute().await?;
        if spent == 1 { Ok(()) } else { Err(AccountError::Grant("the link is unknown, used or expired")) }
    }

    async fn has_administrator(&self, transaction: &mut Transaction) -> Result<bool, AccountError> {
        let (there_is_one,): (bool,) =
            transaction.query("SELECT EXISTS (SELECT 1 FROM portcullis_users WHERE role = $1)").bind(self.top_role()).fetch_one().await?;
        Ok(there_is_one)
    }
}

const LOOK: &str = "
SELECT user_id FROM portcullis_links WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
const SPEND: &str = "
UPDATE portcullis_links SET used_at = $3 WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
