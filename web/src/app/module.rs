use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use portcullis_core::{Clock, Revocations, RoleEntry, ScopeEntry};
use portcullis_store::{Database, Migrations};

use super::config::{Sections, Settings};
use super::endpoint::Endpoint;
use super::master_key::MasterKey;
use super::spawner::Spawner;
use super::start_error::StartError;
use crate::authn::Authority;
use crate::extract::Provider;
use crate::observe::DenialLog;

/// A ready-made part of an application: endpoints with what they need.
pub trait Module: Send + Sync + 'static {
    /// The tables.
    fn migrations(&self) -> Migrations;

    /// Makes the module's section of the settings known.
    fn sections(&self, sections: &mut Sections) {
        let _ = sections;
    }

    /// The scopes that tokens can be restricted to, besides the application's own.
    fn scopes(&self) -> &'static [ScopeEntry] {
        &[]
    }

    /// The endpoints that these settings mount.
    fn endpoints(&self, settings: &Settings, sections: &Sections) -> Vec<&'static Endpoint>;

    /// Whether the module judges credentials ([`Started::authority`]). An application has one judge.
    fn judges(&self) -> bool {
        false
    }

    /// Refuses settings by which the application must not start; `serve --check` asks as well. Nothing is opened yet.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    fn check(&self, settings: &Settings, sections: &Sections, roles: &'static [RoleEntry]) -> Result<(), StartError> {
        let _ = (settings, sections, roles);
        Ok(())
    }

    /// Prepares what the endpoints need, once the database is there and migrated.
    fn start<'a>(&'a self, starting: &'a Starting) -> Pin<Box<dyn Future<Output = Result<Started, StartError>> + Send + 'a>>;
}

/// What a module finds when it starts.
#[derive(Debug)]
pub struct Starting {
    /// The application's name.
    pub name: String,
    /// The settings.
    pub settings: Settings,
    /// The sections of modules and application.
    pub sections: Sections,
    /// The database, migrated.
    pub database: Database,
    /// Where the time comes from.
    pub clock: Clock,
    /// The key that other keys are derived from.
    pub master_key: MasterKey,
    /// Which remembered credentials are still to be believed.
    pub revocations: Revocations,
    /// The application's roles, least to most trusted.
    pub roles: &'static [RoleEntry],
    /// The scopes that the application and its modules declare.
    pub scopes: Vec<ScopeEntry>,
    /// Background work.
    pub spawner: Spawner,
}

/// What a module gives to the application.
#[derive(Default)]
pub struct Started {
    pub(crate) providers: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
    pub(crate) authority: Option<Arc<dyn Authority>>,
    pub(crate) denials: Option<Arc<dyn DenialLog>>,
    pub(crate) announcements: Vec<String>,
}

impl Started {
    /// Provides a value to handlers.
    #[must_use]
    pub fn provide<T: Provider>(mut self, value: T) -> Self {
        self.providers.push((TypeId::of::<T>(), Box::new(value)));
        self
    }

    /// Judges credentials from now on.
    #[must_use]
    pub fn authority(mut self, authority: Arc<dyn Authority>) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Keeps the denials of the gate in an audit log.
    #[must_use]
    pub fn denials(mut self, log: Arc<dyn DenialLog>) -> Self {
        self.denials = Some(log);
        self
    }

    /// Says a line to the operator at start, such as a one-time link.
    #[must_use]
    pub fn announce(mut self, line: impl Into<String>) -> Self {
        self.announcements.push(line.into());
        self
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("providers", &self.providers.len()).finish_non_exhaustive()
    }
}
