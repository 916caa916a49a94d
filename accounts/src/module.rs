use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{RoleEntry, RoleKind, ScopeEntry};
use portcullis_store::Migrations;
use portcullis_web::app::config::{Sections, Settings};
use portcullis_web::app::{App, Endpoint, Module, Spawner, StartError, Started, Starting};
use tokio::time::{MissedTickBehavior, timeout};

use crate::error::AccountError;
use crate::registration;
use crate::routes::routes;
use crate::schema::MIGRATIONS;
use crate::scopes::SCOPES;
use crate::service::{AccountParts, AccountService, FOLLOW_EVERY};
use crate::settings::AccountsSettings;

/// The accounts of an application: users, log-in, tokens, administration.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Accounts {
    cost: Option<portcullis_core::password::HashingCost>,
}

impl Accounts {
    /// Hashes passwords at another cost than the settings', for tests.
    #[must_use]
    pub const fn cost(mut self, cost: portcullis_core::password::HashingCost) -> Self {
        self.cost = Some(cost);
        self
    }
}

/// Adds accounts to an application.
pub trait WithAccounts<S> {
    /// The application's roles.
    type Roles: RoleKind;

    /// Mounts the routes of accounts and judges credentials by them; handlers may ask for an [`AccountService`].
    #[must_use]
    fn accounts(self, accounts: Accounts) -> App<Self::Roles, (AccountService, S)>;
}

impl<R: RoleKind, S> WithAccounts<S> for App<R, S> {
    type Roles = R;

    fn accounts(self, accounts: Accounts) -> App<R, (AccountService, S)> {
        self.module::<AccountService>(accounts)
    }
}

impl Module for Accounts {
    fn migrations(&self) -> Migrations {
        MIGRATIONS
    }

    fn sections(&self, sections: &mut Sections) {
        sections.add::<AccountsSettings>();
    }

    fn scopes(&self) -> &'static [ScopeEntry] {
        SCOPES
    }

    fn endpoints(&self, _: &Settings, sections: &Sections) -> Vec<&'static Endpoint> {
        routes(&sections.section::<AccountsSettings>())
    }

    fn judges(&self) -> bool {
        true
    }

    fn check(&self, _: &Settings, sections: &Sections, roles: &'static [RoleEntry]) -> Result<(), StartError> {
        let settings = sections.section::<AccountsSettings>().checked().map_err(StartError::new)?;
        registration::check(&settings, roles).map_err(StartError::new)
    }

    fn start<'a>(&'a self, starting: &'a Starting) -> Pin<Box<dyn Future<Output = Result<Started, StartError>> + Send + 'a>> {
        Box::pin(async move {
            let service = self.service(starting).await.map_err(StartError::new)?;
            keep_up(&service, &starting.spawner);
            let mut started =
                Started::default().authority(Arc::new(service.clone())).provide(service.clone()).denials(Arc::new(service.clone()));
            if let Some(link) = service.setup_link().await.map_err(StartError::new)? {
                started = started.announce(format!(
                    "Make the first administrator (once, within {} minutes): {}",
                    service.settings().link_seconds / 60,
                    link.expose()
                ));
            }
            Ok(started)
        })
    }
}

impl Accounts {
    /// The service alone, for commands.
    ///
    /// # Errors
    /// As [`AccountService::start`].
    pub async fn service(&self, starting: &Starting) -> Result<AccountService, AccountError> {
        AccountService::start(AccountParts {
            database: starting.database.clone(),
            clock: starting.clock.clone(),
            revocations: starting.revocations.clone(),
            settings: starting.sections.section::<AccountsSettings>(),
            roles: starting.roles,
            scopes: starting.scopes.clone(),
            public_url: starting.settings.public_url.trim_end_matches('/').to_owned(),
            service_name: starting.name.clone(),
            master_key: starting.master_key.clone(),
            cost: self.cost,
            spawner: starting.spawner.clone(),
        })
        .await
    }
}

/// The work that goes on beside requests: following what other processes take away, and pruning.
fn keep_up(service: &AccountService, spawner: &Spawner) {
    let following = service.clone();
    spawner.spawn_until_shutdown(async move {
        let mut ticks = tokio::time::interval(FOLLOW_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        loop {
            ticks.tick().await;
            let looked = following.follow_epoch().await;
            match &looked {
                Ok(()) if is_away => tracing::info!("the security epoch can be read again"),
                Err(error) if !is_away => tracing::warn!(%error, "the security epoch cannot be read"),
                Ok(()) | Err(_) => {}
            }
            is_away = looked.is_err();
        }
    });
    let pruning = service.clone();
    spawner.spawn_until_shutdown(async move {
        loop {
            tokio::time::sleep(PRUNE_EVERY).await;
            match timeout(PRUNE, pruning.prune()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "accounts cannot be pruned"),
                Err(_) => tracing::warn!("pruning accounts took too long"),
            }
        }
    });
}

const PRUNE_EVERY: Duration = Duration::from_secs(300);
const PRUNE: Duration = Duration::from_secs(120);
