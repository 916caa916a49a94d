//! What accounts do, without HTTP.
//!
//! Let through: whoever proves who they are by every factor that their account demands. Every way in ends in one function of `gate`, which
//! looks at the account's present state in the same transaction that writes the session. Refused: the unknown, the disabled, the locked
//! and the wrong, in one answer and in the same time. The deployment provides the master key and one clock.

mod parts;
pub use parts::{AccountParts, Origin};
mod attempts;
mod factors;
mod gate;
mod session_cap;
mod turns;
pub use gate::Grant;
mod log_in;
mod log_out;
mod password;
mod refresh;
mod scope;
mod user;
pub use user::UserView;
mod actor;
pub use actor::Actor;
mod admin;
mod administrators;
mod register;
pub use admin::{Invited, NewUser};
mod audit;
mod denials;
mod links;
mod void_links;
pub use audit::AuditView;
mod change;
mod follow;
pub(crate) use follow::{FOLLOW_EVERY, LOOK};
mod upkeep;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use aws_lc_rs::hmac;
use portcullis_core::password::{HashingPool, PasswordPolicy};
use portcullis_core::{Clock, Revocations, RoleEntry, ScopeEntry, Timestamp};
use portcullis_store::{Database, Reserved};
use portcullis_web::app::Spawner;
use portcullis_web::observe::AuditBudget;

use crate::keys::KeyRing;
use crate::registration;
use crate::settings::AccountsSettings;

/// Accounts: users, sessions, tokens. Cheap to clone.
#[derive(Clone, portcullis_macros::Provider)]
pub struct AccountService(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) database: Database,
    /// What the security epoch is read through.
    reserved: Reserved,
    pub(crate) clock: Clock,
    pub(crate) revocations: Revocations,
    pub(crate) settings: AccountsSettings,
    pub(crate) roles: &'static [RoleEntry],
    pub(crate) scopes: Vec<ScopeEntry>,
    pub(crate) public_url: String,
    pub(crate) service_name: String,
    pub(crate) policy: PasswordPolicy,
    pub(crate) hashing: HashingPool,
    pub(crate) keys: KeyRing,
    /// How many rows of the audit log there is room for.
    audit: AuditBudget,
    refresh_key: hmac::Key,
    attempt_key: hmac::Key,
    turns: turns::Turns,
    in_flight: turns::InFlight,
    spawner: Spawner,
    /// The last security epoch that this process acted upon.
    epoch: AtomicI64,
}

impl AccountService {
    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &AccountsSettings {
        &self.0.settings
    }

    /// The application's roles, least to most trusted.
    #[must_use]
    pub fn roles(&self) -> &'static [RoleEntry] {
        self.0.roles
    }

    /// The public address of the service, which is also the issuer of its tokens.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// The name of the service, as its pages show it.
    #[must_use]
    pub fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// The keys that sign access tokens.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The role of this name.
    pub(crate) fn role(&self, name: &str) -> Option<&'static RoleEntry> {
        self.0.roles.iter().find(|role| role.name == name)
    }

    /// The most trusted role, whose holders administer the service.
    pub(crate) fn top_role(&self) -> &'static str {
        self.0.roles.iter().find(|role| role.top).or_else(|| self.0.roles.last()).map_or("", |role| role.name)
    }

    /// The role of whoever registers.
    pub(crate) fn registration_role(&self) -> &str {
        registration::role(&self.0.settings, self.0.roles).map_or("", |role| role.name)
    }
}

impl fmt::Debug for AccountService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountService").field("issuer", &self.0.public_url).finish_non_exhaustive()
    }
}

/// The client of tokens that the service's own first-party log-in issues.
pub(crate) const FIRST_PARTY: &str = "first-party";
