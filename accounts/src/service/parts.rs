use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use portcullis_core::password::{ClientKey, HashingCost, HashingPool, PasswordPolicy};
use portcullis_core::{Clock, Id, Revocations, RoleEntry, ScopeEntry};
use portcullis_store::Database;
use portcullis_web::app::{MasterKey, Spawner};
use portcullis_web::observe::AuditBudget;

use super::turns::{InFlight, Turns};
use super::{AccountService, Inner, LOOK};
use crate::error::AccountError;
use crate::keys::KeyRing;
use crate::registration;
use crate::secrets::digest_key;
use crate::settings::AccountsSettings;

/// What accounts are put together from. Nothing global is read: tests give other values.
#[derive(Clone, Debug)]
pub struct AccountParts {
    /// The database, migrated.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// What remembered credentials are checked against.
    pub revocations: Revocations,
    /// The section `accounts` of the settings.
    pub settings: AccountsSettings,
    /// The application's roles, least to most trusted.
    pub roles: &'static [RoleEntry],
    /// The scopes that tokens can be restricted to.
    pub scopes: Vec<ScopeEntry>,
    /// The public address of the service, without a slash at the end.
    pub public_url: String,
    /// The service's name, which is nobody's password.
    pub service_name: String,
    /// The key that the others are derived from.
    pub master_key: MasterKey,
    /// Another hashing cost than the settings', for tests.
    pub cost: Option<HashingCost>,
    /// Runs what must come to its end although its client has disconnected.
    pub spawner: Spawner,
}

/// Where a request came from, for the throttle, the session list and the audit log.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address; none for the command line.
    pub address: Option<IpAddr>,
    /// The client's own name for itself.
    pub user_agent: Option<String>,
    /// The request's identifier.
    pub request: Option<Id>,
}

impl Origin {
    /// A request from this address.
    #[must_use]
    pub const fn address(address: IpAddr) -> Self {
        Self { address: Some(address), user_agent: None, request: None }
    }

    pub(super) fn key(&self) -> ClientKey {
        self.address.map_or(ClientKey::local(), ClientKey::of)
    }

    pub(super) fn address_text(&self) -> Option<String> {
        self.address.map(|address| address.to_canonical().to_string())
    }

    /// The user agent without control characters, cut to a bound.
    pub(super) fn user_agent_text(&self) -> Option<String> {
        let text = self.user_agent.as_ref()?;
        Some(text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect())
    }
}

impl AccountService {
    /// Puts accounts together: checks the settings, loads or makes the signing keys, starts the hashing threads.
    ///
    /// # Errors
    /// When a setting makes no sense, when the master key is not the database's, when the database is away.
    pub async fn start(parts: AccountParts) -> Result<Self, AccountError> {
        let settings = parts.settings.checked().map_err(|refused| AccountError::Internal(refused.to_string()))?;
        registration::check(&settings, parts.roles).map_err(AccountError::Internal)?;
        let cost = match parts.cost {
            Some(cost) => cost,
            None => HashingCost::new(settings.hashing_memory_kib, settings.hashing_iterations).map_err(|refused| {
                AccountError::Internal(format!("accounts.hashing_memory_kib, accounts.hashing_iterations: {refused}"))
            })?,
        };
        let master = parts.master_key;
        let keys =
            KeyRing::open(parts.database.clone(), parts.clock.clone(), &master, &parts.public_url, settings.access_token_seconds).await?;
        let threads = settings.hashing_threads.map_or_else(default_threads, |threads| usize::try_from(threads).unwrap_or(1));
        let bound = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let hashing = HashingPool::start(cost, threads, bound(settings.hashing_queue), bound(settings.hashing_queue_per_address))
            .map_err(|error| AccountError::Internal(error.to_string()))?;
        let service = Self(Arc::new(Inner {
            refresh_key: digest_key(&master, "accounts: refresh tokens, 1"),
            attempt_key: digest_key(&master, "accounts: login attempts, 1"),
            policy: PasswordPolicy::with_min_length(bound(settings.password_min_length)),
            turns: Turns::new(settings.failures_before_delay),
            in_flight: InFlight::new(&settings, threads),
            audit: AuditBudget::new(),
            epoch: AtomicI64::new(0),
            reserved: parts.database.reserve(LOOK),
            database: parts.database,
            clock: parts.clock,
            revocations: parts.revocations,
            roles: parts.roles,
            scopes: parts.scopes,
            public_url: parts.public_url,
            service_name: parts.service_name,
            settings,
            hashing,
            keys,
            spawner: parts.spawner,
        }));
        service.follow_epoch().await?;
        Ok(service)
    }
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

const MAX_USER_AGENT: usize = 256;
