use std::sync::Arc;

use crate::role::{RoleEntry, RoleKind};
use crate::{Id, Timestamp};

/// The authenticated caller; cheap to clone.
#[derive(Clone, Debug)]
pub struct Principal(Arc<Known>);

#[derive(Debug)]
struct Known {
    identity: Identity,
    /// The name of a subject of an external issuer; a local one is named by its subject alone.
    qualified: Option<String>,
}

/// Who vouches for a subject. Equal texts of two issuers are two subjects.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Issuer {
    /// This service: the subject is an account of its own.
    Local,
    /// An external issuer that the application trusts, by its name (`iss`).
    External(Arc<str>),
}

/// What is known of the caller, from a verified credential alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The subject, unique within the issuer (`sub`).
    pub subject: String,
    /// Who vouches for the subject.
    pub issuer: Issuer,
    /// The owner of what a subject of an external issuer makes; an account's objects belong to its identifier.
    pub owner: Option<Id>,
    /// The role, if the credential names one that this application has.
    pub role: Option<&'static RoleEntry>,
    /// The scopes that the credential is restricted to: it passes only policies that name one of them. `None` when it is not restricted, as a
    /// log-in that asked for no scope; with an empty list it passes nothing but public policies.
    pub scopes: Option<Vec<String>>,
    /// Whether the credential is a log-in to the application itself, which holds every scope unless it is restricted. Another one, such as an
    /// external issuer's token for some client, holds only the scopes that it is restricted to.
    pub is_first_party: bool,
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
    /// An account of this service and nothing else: no role, no session, a log-in at the beginning of time.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            issuer: Issuer::Local,
            owner: None,
            role: None,
            scopes: None,
            is_first_party: true,
            session: None,
            authenticated_at: Timestamp::default(),
            expires_at: Timestamp::from_micros(i64::MAX),
            client: None,
            from_cookie: false,
        }
    }

    /// A subject of an external issuer and nothing else. Its objects belong to an identifier that is derived from both names.
    #[must_use]
    pub fn external(issuer: impl Into<Arc<str>>, subject: impl Into<String>) -> Self {
        let issuer = issuer.into();
        let mut identity = Self::new(subject);
        identity.owner = Some(Id::derived(&issuer, &identity.subject));
        identity.issuer = Issuer::External(issuer);
        identity.is_first_party = false;
        identity
    }
}

impl Principal {
    /// The caller with this identity. Only an authenticator makes one for a request; tests make them freely.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        let qualified = match &identity.issuer {
            Issuer::Local => None,
            // An issuer's name has no fragment, so the first `#` ends it.
            Issuer::External(issuer) => Some(format!("{issuer}#{}", identity.subject)),
        };
        Self(Arc::new(Known { identity, qualified }))
    }

    /// Everything known of the caller.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The subject (`sub`), unique within its issuer only: for an account of this service, its identifier.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.identity.subject
    }

    /// The name that no other caller has, for logs, quotas and keys: the subject of an account, `issuer#subject` of anybody else.
    #[must_use]
    pub fn qualified(&self) -> &str {
        self.0.qualified.as_deref().unwrap_or(&self.0.identity.subject)
    }

    /// The identifier of the account; `None` for a subject of an external issuer, whatever its text.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        if self.0.identity.issuer == Issuer::Local { self.0.identity.subject.parse().ok() } else { None }
    }

    /// The owner of what the caller makes: the account, or the identifier that stands for a subject of an external issuer.
    #[must_use]
    pub fn owner(&self) -> Option<Id> {
        if self.0.identity.issuer == Issuer::Local { self.id() } else { self.0.identity.owner }
    }

    /// The name of the role, empty when the caller has none.
    #[must_use]
    pub fn role(&self) -> &'static str {
        self.0.identity.role.map_or("", |role| role.name)
    }

    /// Whether the caller's role is at least this one.
    #[must_use]
    pub fn is_at_least(&self, role: impl RoleKind) -> bool {
        self.0.identity.role.is_some_and(|own| own.rank >= role.entry().rank)
    }

    /// Whether the credential is restricted to scopes.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.0.identity.scopes.is_some()
    }

    /// Whether the credential carries this scope, or is a log-in to the application itself that is not restricted to any.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        let identity = &self.0.identity;
        identity.scopes.as_ref().map_or(identity.is_first_party, |held| held.iter().any(|own| own == scope))
    }

    /// Whether the caller's role holds the permission.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.0.identity.role.is_some_and(|own| own.grants(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0198c0de-1234-7567-89ab-cdef01234567";

    #[test]
    fn one_text_of_two_issuers_is_two_callers() {
        let local = Principal::new(Identity::new(TEXT));
        let (one, other) = (Identity::external("https://a.example", TEXT), Identity::external("https://b.example", TEXT));
        let (one, other) = (Principal::new(one), Principal::new(other));
        assert_eq!((local.id(), local.owner()), (TEXT.parse().ok(), TEXT.parse().ok()));
        assert_eq!((one.id(), other.id()), (None, None));
        assert!(one.owner().is_some() && one.owner() != other.owner() && one.owner() != local.owner());
        assert_eq!((local.qualified(), one.qualified()), (TEXT, "https://a.example#0198c0de-1234-7567-89ab-cdef01234567"));
        assert_eq!(one.subject(), TEXT);
    }

    #[test]
    fn where_the_issuer_ends_decides_who_it_is() {
        let owner = |issuer: &str, subject: &str| Principal::new(Identity::external(issuer, subject)).owner();
        assert_ne!(owner("https://a.example/x", "y"), owner("https://a.example/", "xy"));
        assert_eq!(owner("https://a.example", "y"), owner("https://a.example", "y"));
    }
}
