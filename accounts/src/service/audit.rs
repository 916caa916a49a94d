use portcullis_core::{Id, Timestamp};
use portcullis_store::{Record, Row, Statements, StoreError};

use super::{AccountService, Origin};
use crate::error::AccountError;

/// The security events of accounts, by the names of the [OWASP logging vocabulary](https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    LoginSuccess,
    LoginFail,
    LoginFailMax,
    LoginLock,
    PasswordChange,
    PasswordChangeFail,
    TokenCreated,
    TokenReuse,
    SessionLogout,
    UserCreated,
    UserUpdated,
    UserDisabled,
    UserEnabled,
    RoleChanged,
    LinkCreated,
    LinkVoided,
    SessionExpired,
    KeyRotated,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::LoginSuccess => "authn_login_success",
            Self::LoginFail => "authn_login_fail",
            Self::LoginFailMax => "authn_login_fail_max",
            Self::LoginLock => "authn_login_lock",
            Self::PasswordChange => "authn_password_change",
            Self::PasswordChangeFail => "authn_password_change_fail",
            Self::TokenCreated => "authn_token_created",
            Self::TokenReuse => "authn_token_reuse",
            Self::SessionLogout => "session_logout",
            Self::UserCreated => "user_created",
            Self::UserUpdated => "user_updated",
            Self::UserDisabled => "user_archived",
            Self::UserEnabled => "user_restored",
            Self::RoleChanged => "privilege_permissions_changed",
            Self::LinkCreated => "authn_link_created",
            Self::LinkVoided => "authn_link_voided",
            Self::SessionExpired => "session_expired",
            Self::KeyRotated => "crypt_key_rotated",
        }
    }

    const fn level(self) -> &'static str {
        match self {
            Self::LoginSuccess | Self::PasswordChange | Self::TokenCreated | Self::SessionLogout | Self::SessionExpired => "info",
            Self::PasswordChangeFail | Self::TokenReuse => "critical",
            Self::LoginFail
            | Self::LoginFailMax
            | Self::LoginLock
            | Self::UserCreated
            | Self::UserUpdated
            | Self::UserDisabled
            | Self::UserEnabled
            | Self::RoleChanged
            | Self::LinkCreated
            | Self::LinkVoided
            | Self::KeyRotated => "warn",
        }
    }
}

/// One security event, written in the transaction of what it records. No field takes free text of a client.
pub(super) struct Event {
    kind: Kind,
    actor: Option<String>,
    target: Option<String>,
    failure: Option<&'static str>,
    address: Option<String>,
    request: Option<Id>,
    details: serde_json::Map<String, serde_json::Value>,
}

impl Event {
    pub(super) fn new(kind: Kind, origin: &Origin) -> Self {
        Self {
            kind,
            actor: None,
            target: None,
            failure: None,
            address: origin.address_text(),
            request: origin.request,
            details: serde_json::Map::new(),
        }
    }

    pub(super) fn failed(mut self, reason: &'static str) -> Self {
        self.failure = Some(reason);
        self
    }

    pub(super) fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    pub(super) fn target(mut self, user: Option<Id>) -> Self {
        self.target = user.map(|user| user.to_string());
        self
    }

    /// Adds a detail: an identifier, a number, or a name that was parsed.
    pub(super) fn detail(mut self, name: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves it for the next statement or the commit: without it nothing else takes effect.
    pub(super) fn write(self, statements: &mut impl Statements, now: Timestamp) -> Result<(), AccountError> {
        Ok(statements
            .query(INSERT)
            .bind(Id::new(now))
            .bind(now)
            .bind(self.kind.name())
            .bind(self.kind.level())
            .bind(self.actor)
            .bind(self.target)
            .bind(if self.failure.is_some() { "failure" } else { "success" })
            .bind(self.failure.map(str::to_owned))
            .bind(self.address)
            .bind(self.request.map(|id| id.to_string()))
            .bind(serde_json::Value::Object(self.details).to_string())
            .later()?)
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditView {
    /// The identifier, which sorts by time.
    pub id: Id,
    /// When.
    pub at: Timestamp,
    /// What, by the OWASP vocabulary.
    pub kind: String,
    /// How grave: `info`, `warn` or `critical`.
    pub level: String,
    /// Who did it: a user's identifier, or `command line`.
    pub actor: Option<String>,
    /// To whom: a user's identifier.
    pub target: Option<String>,
    /// `success` or `failure`.
    pub outcome: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// From where.
    pub client_address: Option<String>,
    /// The request's identifier.
    pub request_id: Option<String>,
    /// More, as a JSON object.
    pub details: String,
}

impl Record for AuditView {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take("id")?,
            at: row.take("at")?,
            kind: row.take("kind")?,
            level: row.take("level")?,
            actor: row.take("actor")?,
            target: row.take("target")?,
            outcome: row.take("outcome")?,
            reason: row.take("reason")?,
            client_address: row.take("client_address")?,
            request_id: row.take("request_id")?,
            details: row.take("details")?,
        })
    }
}

impl AccountService {
    /// Writes an event that has no transaction of its own.
    pub(super) async fn record(&self, event: Event) -> Result<(), AccountError> {
        let mut batch = self.database().batch();
        event.write(&mut batch, self.now())?;
        batch.commit().await?;
        Ok(())
    }

    /// The audit log from the newest line down, before the one of this identifier.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn audit(&self, before: Option<&str>, limit: i64) -> Result<Vec<AuditView>, AccountError> {
        Ok(self.database().query(PAGE).bind(before.unwrap_or("g")).bind(limit).fetch_all().await?)
    }
}

pub(super) const INSERT: &str = "
INSERT INTO portcullis_audit_events (id, at, kind, level, actor, target, outcome, reason, client_address, request_id, details)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const PAGE: &str = "
SELECT id, at, kind, level, actor, target, outcome, reason, client_address, request_id, details
FROM portcullis_audit_events WHERE id < $1 ORDER BY id DESC LIMIT $2";
