use portcullis_core::{Id, Timestamp};
use portcullis_store::{Record, Row, Statements, StoreError};
use portcullis_web::observe::{AuditBudget, AuditRoom};

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
    EventsDropped,
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
            Self::EventsDropped => "audit_events_dropped",
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
            | Self::KeyRotated
            | Self::EventsDropped => "warn",
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
    is_of_stranger: bool,
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
            is_of_stranger: false,
        }
    }

    /// Somebody did it who wasn't signed in and had no link: how many rows of this there are is bounded.
    pub(super) const fn of_stranger(mut self) -> Self {
        self.is_of_stranger = true;
        self
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

    /// Leaves it for the next statement or the commit: without it nothing else takes effect. Where the audit log has no room for it, it is
    /// counted instead; `false` then.
    pub(super) fn write(self, budget: &AuditBudget, statements: &mut impl Statements, now: Timestamp) -> Result<bool, AccountError> {
        if !budget.admits(self.room(), self.kind.name(), 1, now) {
            return Ok(false);
        }
        statements
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
            .later()?;
        Ok(true)
    }

    /// Whose room it takes. What is somebody's and what is nobody's name take the same, or the time of an answer would tell them apart.
    fn room(&self) -> AuditRoom<'_> {
        let own = self.actor.as_deref().filter(|actor| self.target.as_deref().is_none_or(|target| target == *actor));
        match (self.kind, own) {
            (Kind::LoginFail, _) => AuditRoom::LogInFailure,
            (Kind::LoginLock | Kind::LoginFailMax, _) => AuditRoom::LockOut,
            (Kind::TokenReuse, _) => AuditRoom::TokenReuse,
            (Kind::UserCreated, _) if self.is_of_stranger => AuditRoom::Registration,
            (
                Kind::LoginSuccess
                | Kind::TokenCreated
                | Kind::SessionLogout
                | Kind::SessionExpired
                | Kind::UserUpdated
                | Kind::PasswordChangeFail,
                Some(user),
            ) => AuditRoom::Own(user),
            (Kind::PasswordChange, Some(user)) => AuditRoom::OwnPassword(user),
            _ => AuditRoom::Administration,
        }
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
        if !event.write(&self.0.audit, &mut batch, self.now())? {
            // The same durable write: the time of an answer must not tell whether there was room.
            batch.query(COUNT_DROPPED).bind(self.now()).later()?;
        }
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

/// Among the attempts to log in: as a row of the audit log costs, but one for ever.
const COUNT_DROPPED: &str = "
INSERT INTO portcullis_login_attempts (digest, kind, failures, blocked_until, last_at) VALUES ('without a row', 'dropped', 1, 0, $1)
ON CONFLICT (digest) DO UPDATE SET failures = portcullis_login_attempts.failures + 1, last_at = $1";
pub(super) const INSERT: &str = "
INSERT INTO portcullis_audit_events (id, at, kind, level, actor, target, outcome, reason, client_address, request_id, details)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const PAGE: &str = "
SELECT id, at, kind, level, actor, target, outcome, reason, client_address, request_id, details
FROM portcullis_audit_events WHERE id < $1 ORDER BY id DESC LIMIT $2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_has_room_of_its_own_unless_somebody_else_chose_it() {
        let (user, origin) = (Id::new(Timestamp::from_seconds(1_000_000)), Origin::default());
        let name = user.to_string();
        let event = |kind| Event::new(kind, &origin).actor(name.clone()).target(Some(user));
        assert_eq!(event(Kind::PasswordChange).room(), AuditRoom::OwnPassword(&name));
        assert_eq!(event(Kind::UserUpdated).room(), AuditRoom::Own(&name));
        let by_another = Event::new(Kind::PasswordChange, &origin).actor("command line").target(Some(user));
        assert_eq!(by_another.room(), AuditRoom::Administration);
    }
}
