use std::sync::Arc;

use crate::role::{RoleEntry, RoleKind};
use crate::{Id, Timestamp};

/// The authenticated caller; cheap to clone.
#[derive(Clone, Debug)]
pub struct Principal(Arc<Identity>);

/// What is known of the caller, from a verified credential alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The subject, unique within the issuer (`sub`).
    pub subject: String,
    /// The role, if the credential names one that this application has.
    pub role: Option<&'static RoleEntry>,
    /// The scopes that the credential is restricted to: it passes only policies that name one of them. `None` when it is not restricted, as a
    /// log-in that asked for no scope; with an empty list it passes nothing but public policies.
    pub scopes: Option<Vec<String>>,
    /// The session that the credential belongs to (`sid`).
    pub session: Option<Id>,
    /// When the caller last proved who they are (`auth_time`).
    pub authenticated_at: Timestamp,
    /// When the credential ends (`exp`).
    pub expires_at: Timestamp,
    /// The OAuth client that the credential was issued to (`client_id`).
    pub client: Option<String>,
    /// Whether the credential came in a cookie, which browsers send by themselves.
    pub from_cookie: bool,
}

impl Identity {
    /// An identity with a subject and nothing else: no role, no session, a log-in at the beginning of time.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            role: None,
            scopes: None,
            session: None,
            authenticated_at: Timestamp::default(),
            expires_at: Timestamp::from_micros(i64::MAX),
            client: None,
            from_cookie: false,
        }
    }
}

impl Principal {
    /// The caller with this identity. Only an authenticator makes one for a request; tests make them freely.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(identity))
    }

    /// Everything known of the caller.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0
    }

    /// The subject (`sub`): for an account of this service, its identifier.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The account's identifier; `None` for a subject of a foreign issuer that is no [`Id`].
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.0.subject.parse().ok()
    }

    /// The name of the role, empty when the caller has none.
    #[must_use]
    pub fn role(&self) -> &'static str {
        self.0.role.map_or("", |role| role.name)
    }

    /// Whether the caller's role is at least this one.
    #[must_use]
    pub fn is_at_least(&self, role: impl RoleKind) -> bool {
        self.0.role.is_some_and(|own| own.rank >= role.entry().rank)
    }

    /// Whether the credential is restricted to scopes.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.0.scopes.is_some()
    }

    /// Whether the credential carries this scope, or is not restricted to any.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.as_ref().is_none_or(|held| held.iter().any(|own| own == scope))
    }

    /// Whether the caller's role holds the permission.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.0.role.is_some_and(|own| own.grants(permission))
    }
}
