//! One-time links: for the first administrator, and for setting a password.
//!
//! Let through: whoever has the code of a link that is neither used, expired nor void, while its creator is enabled and may still manage
//! the account that it opens. Links of and by a user are void as soon as the user is disabled, gets another role, logs out everywhere or
//! changes the password; the creator is looked at once more in the transaction that spends the link.

use portcullis_core::{Id, Secret};
use portcullis_store::{Record, Row, StoreError, Transaction};

use super::actor::Standing;
use super::audit::{Event, Kind};
use super::change::Change;
use super::gate::seconds;
use super::register::{NewRow, insert_user};
use super::user::{UserView, user_in};
use super::void_links::{OpenLinks, Voiding};
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

/// A link that was spent in this transaction.
struct Spent {
    user: Option<Id>,
    creator: Option<String>,
    creator_role: Option<String>,
}

impl Purpose {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FirstAdministrator => "first_administrator",
            Self::SetPassword => "set_password",
        }
    }

    const fn page(self) -> &'static str {
        match self {
            Self::FirstAdministrator => "setup",
            Self::SetPassword => "set-password",
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
        let origin = Origin::default();
        let voiding = Voiding { reason: "replaced", actor: None, origin: &origin };
        self.void_links(&mut transaction, OpenLinks::SetUp, &voiding).await?;
        let link = self.write_link(&mut transaction, Purpose::FirstAdministrator, None, Standing::Operator).await?;
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
        let voiding = Voiding { reason: "administrator_made", actor: Some(id.to_string()), origin };
        self.void_links(change.transaction(), OpenLinks::SetUp, &voiding).await?;
        change.record(Event::new(Kind::UserCreated, origin).actor(id.to_string()).target(Some(id)).detail("role", self.top_role()))?;
        let user = user_in(change.transaction(), id).await?;
        change.commit().await?;
        Ok(user)
    }

    /// Sets a password by a link. It logs nobody in, and ends every session.
    ///
    /// # Errors
    /// When the link is unknown, used, expired or void, when its creator may not manage the account any more, when the password breaks the
    /// policy.
    pub async fn set_password_by_link(&self, code: &str, password: &Secret, origin: &Origin) -> Result<UserView, AccountError> {
        let user = self.look_at_link(code, Purpose::SetPassword).await?.ok_or(AccountError::Grant("a link without a user"))?;
        let before = self.user(user).await?;
        let names = [before.username.as_str(), before.email.as_deref().unwrap_or("")];
        let hash = self.hash_new_password(password, &names, origin).await?;
        let mut change = self.change().await?;
        let spent = self.spend_link(change.transaction(), code, Purpose::SetPassword).await?;
        if spent.user != Some(user) {
            return Err(AccountError::Grant("the link is another user's"));
        }
        if let Err(refused) = self.check_creator(&mut change, &spent, user).await {
            if matches!(refused, AccountError::RoleTooLow) {
                let event = Event::new(Kind::LinkVoided, origin).target(Some(user)).detail("reason", "creator_lost_authority");
                change.record(event.detail("creator", spent.creator))?;
                change.commit().await?;
                return Err(AccountError::Grant("the link's creator may not manage the account any more"));
            }
            return Err(refused);
        }
        let voiding = Voiding { reason: "password_change", actor: Some(user.to_string()), origin };
        change.set_password(self, user, &hash, &voiding).await?;
        change.record(Event::new(Kind::PasswordChange, origin).actor(user.to_string()).target(Some(user)))?;
        let view = user_in(change.transaction(), user).await?;
        change.commit().await?;
        Ok(view)
    }

    /// Writes a link; those of the same kind for the same user were voided before.
    pub(super) async fn write_link(
        &self,
        transaction: &mut Transaction,
        purpose: Purpose,
        user: Option<Id>,
        creator: Standing,
    ) -> Result<Secret, AccountError> {
        let now = self.now();
        let code = random_token()?;
        let (creator, creator_role) = match creator {
            Standing::Operator => (OPERATOR.to_owned(), None),
            Standing::User(id, role) => (id.to_string(), Some(role.name)),
        };
        transaction
            .query(INSERT)
            .bind(digest(code.expose()))
            .bind(purpose.name())
            .bind(user.map(|user| user.to_string()))
            .bind(creator)
            .bind(creator_role.map(str::to_owned))
            .bind(now)
            .bind(now + seconds(self.settings().link_seconds))
            .execute()
            .await?;
        Ok(Secret::new(format!("{}/{}?code={}", self.public_url(), purpose.page(), code.expose())))
    }

    /// Whether the link would be taken, and whose it is; nothing is spent.
    async fn look_at_link(&self, code: &str, purpose: Purpose) -> Result<Option<Id>, AccountError> {
        let found: Option<(Option<Id>,)> =
            self.database().query(LOOK).bind(digest(code)).bind(purpose.name()).bind(self.now()).fetch_optional().await?;
        found.map(|(user,)| user).ok_or(AccountError::Grant("the link is unknown, used or expired"))
    }

    async fn spend_link(&self, transaction: &mut Transaction, code: &str, purpose: Purpose) -> Result<Spent, AccountError> {
        let spent = transaction.query(SPEND).bind(digest(code)).bind(purpose.name()).bind(self.now()).fetch_optional().await?;
        spent.ok_or(AccountError::Grant("the link is unknown, used or expired"))
    }

    /// The creator is enabled and manages the present role of the link's user.
    async fn check_creator(&self, change: &mut Change<'_>, link: &Spent, user: Id) -> Result<(), AccountError> {
        let target = user_in(change.transaction(), user).await?;
        let creator = link.creator.as_deref().ok_or(AccountError::RoleTooLow)?;
        if creator == OPERATOR {
            return Ok(());
        }
        let creator = creator.parse().map_err(|_| AccountError::RoleTooLow)?;
        let judged = link.creator_role.as_deref().and_then(|role| self.role(role)).ok_or(AccountError::RoleTooLow)?;
        change.standing_of(creator, judged).await?.manages(self.role(&target.role))
    }
}

impl Record for Spent {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { user: row.take("user_id")?, creator: row.take("creator")?, creator_role: row.take("creator_role")? })
    }
}

/// The creator of a link that the command line or the start of the service made.
const OPERATOR: &str = "operator";
const INSERT: &str = "
INSERT INTO portcullis_links (digest, purpose, user_id, creator, creator_role, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
const LOOK: &str = "
SELECT user_id FROM portcullis_links WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
const SPEND: &str = "
UPDATE portcullis_links SET used_at = $3 WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
RETURNING user_id, creator, creator_role";
