use portcullis_core::password::PasswordHash;
use portcullis_core::{Id, Timestamp};
use portcullis_store::{Database, Record, Row, StoreError, Transaction};

use super::AccountService;
use crate::error::AccountError;
use crate::name::Login;

/// A user as clients see it: nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserView {
    /// The identifier, which is the `sub` of the user's tokens.
    pub id: Id,
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address is proven to be the user's.
    pub email_verified: bool,
    /// The role.
    pub role: String,
    /// Whether the user is shut out.
    pub disabled: bool,
    /// Whether a password is set.
    pub has_password: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When the user last logged in.
    pub last_login_at: Option<Timestamp>,
}

impl Record for UserView {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take("id")?,
            username: row.take("username")?,
            email: row.take("email")?,
            email_verified: row.take::<Option<Timestamp>>("email_verified_at")?.is_some(),
            role: row.take("role")?,
            disabled: row.take::<Option<Timestamp>>("disabled_at")?.is_some(),
            has_password: row.take::<i64>("has_password")? == 1,
            created_at: row.take("created_at")?,
            updated_at: row.take("updated_at")?,
            last_login_at: row.take("last_login_at")?,
        })
    }
}

impl UserView {
    pub(crate) async fn find(database: &Database, id: Id) -> Result<Option<Self>, StoreError> {
        database.query(USER_BY_ID).bind(id).fetch_optional().await
    }
}

/// What a log-in looks at.
pub(super) struct Candidate {
    pub(super) id: Id,
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) hash: Option<PasswordHash>,
    pub(super) disabled: bool,
}

impl Record for Candidate {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take("id")?,
            username: row.take("username")?,
            email: row.take("email")?,
            hash: row.take::<Option<String>>("password_hash")?.map(PasswordHash::stored),
            disabled: row.take::<Option<Timestamp>>("disabled_at")?.is_some(),
        })
    }
}

impl AccountService {
    /// The user of this identifier.
    ///
    /// # Errors
    /// When there is none, or the store is away.
    pub async fn user(&self, id: Id) -> Result<UserView, AccountError> {
        UserView::find(self.database(), id).await?.ok_or(AccountError::UnknownUser)
    }

    /// The user of this name, for the command line.
    ///
    /// # Errors
    /// When there is none, or the store is away.
    pub async fn user_named(&self, name: &str) -> Result<UserView, AccountError> {
        let candidate = self.candidate(&Login::parse(name)).await?.ok_or(AccountError::UnknownUser)?;
        self.user(candidate.id).await
    }

    /// Users in the order in which they were made, after the one of this identifier.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn users(&self, after: Option<&str>, limit: i64) -> Result<Vec<UserView>, AccountError> {
        Ok(self.database().query(USERS_AFTER).bind(after.unwrap_or("")).bind(limit).fetch_all().await?)
    }

    pub(super) async fn candidate(&self, login: &Login) -> Result<Option<Candidate>, AccountError> {
        let query = match login {
            Login::Username(canonical) => self.database().query(CANDIDATE_BY_NAME).bind(canonical.as_str()),
            Login::Email(canonical) => self.database().query(CANDIDATE_BY_EMAIL).bind(canonical.as_str()),
            // Nobody has it, but the question is asked all the same, so that the answer takes the same time.
            Login::Nobody(_) => self.database().query(CANDIDATE_BY_NAME).bind("@"),
        };
        Ok(query.fetch_optional().await?)
    }

    pub(super) async fn candidate_by_id(&self, id: Id) -> Result<Candidate, AccountError> {
        self.database().query(CANDIDATE_BY_ID).bind(id).fetch_optional().await?.ok_or(AccountError::UnknownUser)
    }
}

/// The user of this identifier, as this transaction sees it.
pub(super) async fn user_in(transaction: &mut Transaction, id: Id) -> Result<UserView, AccountError> {
    transaction.query(USER_BY_ID).bind(id).fetch_optional().await?.ok_or(AccountError::UnknownUser)
}

const USER_BY_ID: &str = "
SELECT id, username, email, email_verified_at, role, disabled_at, created_at, updated_at, last_login_at,
    CASE WHEN password_hash IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS has_password
FROM portcullis_users WHERE id = $1";
const USERS_AFTER: &str = "
SELECT id, username, email, email_verified_at, role, disabled_at, created_at, updated_at, last_login_at,
    CASE WHEN password_hash IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS has_password
FROM portcullis_users WHERE id > $1 ORDER BY id LIMIT $2";
const CANDIDATE_BY_NAME: &str =
    "SELECT id, username, email, password_hash, disabled_at FROM portcullis_users WHERE username_canonical = $1";
const CANDIDATE_BY_EMAIL: &str = "
SELECT id, username, email, password_hash, disabled_at FROM portcullis_users WHERE email_canonical = $1 AND email_verified_at IS NOT NULL";
const CANDIDATE_BY_ID: &str = "SELECT id, username, email, password_hash, disabled_at FROM portcullis_users WHERE id = $1";
