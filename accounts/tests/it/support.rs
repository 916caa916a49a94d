use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use portcullis_accounts::{AccountParts, AccountService, AccountsSettings, Actor, Grant, MIGRATIONS, NewUser, Origin, UserView};
use portcullis_core::password::HashingCost;
use portcullis_core::{Clock, ManualClock, Principal, Revocations, RoleEntry, ScopeEntry, Secret, Timestamp};
use portcullis_store::{Database, DatabaseSettings};
use portcullis_testing_postgres::{Backend, Guard, fresh, selected};
use portcullis_web::app::{MasterKey, Spawner};
use portcullis_web::authn::{Authority as _, Credential, Rejection};

pub(crate) static ROLES: &[RoleEntry] = &[
    RoleEntry { name: "guest", rank: 0, permissions: &[], top: false },
    RoleEntry { name: "user", rank: 1, permissions: &[], top: false },
    RoleEntry { name: "auditor", rank: 2, permissions: &["accounts.audit.read"], top: false },
    RoleEntry {
        name: "manager",
        rank: 3,
        permissions: &["users.read", "users.write", "accounts.users.read", "accounts.users.manage"],
        top: false,
    },
    RoleEntry { name: "admin", rank: 4, permissions: &[], top: true },
];
pub(crate) const PASSWORD: &str = "three words and more";
pub(crate) const OTHER: &str = "other words and more";

/// A service over a new database, with a clock of its own.
pub(crate) struct World {
    pub(crate) service: AccountService,
    pub(crate) hand: ManualClock,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    guard: Arc<Guard>,
    pub(crate) revocations: Revocations,
}

impl World {
    /// A service over a new database of this kind; none where the environment doesn't select the kind.
    pub(crate) async fn new(backend: Backend, change: impl FnOnce(&mut AccountsSettings)) -> Option<Self> {
        if !selected(backend).unwrap() {
            return None;
        }
        let (url, guard) = fresh(backend).unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let mut settings = AccountsSettings::default();
        settings.failures_per_address = 1000;
        settings.hashing_queue = 1000;
        settings.hashing_queue_per_address = 1000;
        change(&mut settings);
        let revocations = Revocations::new();
        let service = start(&url, &clock, settings, revocations.clone()).await;
        Some(Self { service, hand, clock, url, guard: Arc::new(guard), revocations })
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self) -> Self {
        let revocations = Revocations::new();
        let service = start(&self.url, &self.clock, self.service.settings().clone(), revocations.clone()).await;
        let (hand, clock, url) = (self.hand.clone(), self.clock.clone(), self.url.clone());
        Self { service, hand, clock, url, guard: Arc::clone(&self.guard), revocations }
    }

    /// Another process on the same database, which hashes at the cost of production.
    pub(crate) async fn at_real_cost(&self) -> Self {
        let database = Database::connect(&DatabaseSettings::new(Secret::new(self.url.as_str()))).await.unwrap();
        let parts = AccountParts { cost: None, ..parts(database, &self.clock, self.service.settings().clone()) };
        Self { service: AccountService::start(parts).await.unwrap(), ..self.another().await }
    }

    pub(crate) async fn user(&self, name: &str, role: &str) -> UserView {
        let email = Some(format!("{name}@example.com").parse().unwrap());
        let new = NewUser { username: name.parse().unwrap(), email, role: role.to_owned() };
        self.service.add_user(&new, &Secret::new(PASSWORD)).await.unwrap()
    }

    pub(crate) async fn log_in(&self, name: &str) -> Grant {
        self.try_log_in(name, PASSWORD).await.unwrap()
    }

    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> Result<Grant, portcullis_accounts::AccountError> {
        self.service.log_in(name, &Secret::new(password), None, &origin()).await
    }

    pub(crate) async fn who(&self, token: &Secret) -> Result<Principal, Rejection> {
        self.service.verify(Credential::Bearer(token.expose())).await
    }

    pub(crate) async fn refresh(&self, grant: &Grant) -> Result<Grant, portcullis_accounts::AccountError> {
        self.service.refresh(grant.refresh_token.expose(), "first-party", None, &origin()).await
    }

    /// The database itself.
    pub(crate) async fn database(&self) -> Database {
        Database::connect(&DatabaseSettings::new(Secret::new(self.url.as_str()))).await.unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn audit_kinds(&self) -> Vec<String> {
        self.service.audit(None, 100).await.unwrap().into_iter().map(|event| event.kind).collect()
    }
}

pub(crate) fn origin() -> Origin {
    Origin::address("192.0.2.7".parse().unwrap())
}

pub(crate) fn by(principal: Principal) -> Actor {
    Actor::User(principal)
}

async fn start(url: &str, clock: &Clock, settings: AccountsSettings, revocations: Revocations) -> AccountService {
    let database = Database::connect(&DatabaseSettings::new(Secret::new(url))).await.unwrap();
    database.migrate(&[MIGRATIONS], clock.now()).await.unwrap();
    let parts = AccountParts { revocations, ..parts(database, clock, settings) };
    AccountService::start(parts).await.unwrap()
}

pub(crate) fn parts(database: Database, clock: &Clock, settings: AccountsSettings) -> AccountParts {
    AccountParts {
        database,
        clock: clock.clone(),
        revocations: Revocations::new(),
        settings,
        roles: ROLES,
        scopes: ["a", "b", "c"].map(|name| ScopeEntry::new(name, "A test")).to_vec(),
        public_url: "https://localhost:8443".to_owned(),
        service_name: "Portcullis".to_owned(),
        master_key: master_key(0),
        cost: Some(HashingCost::dangerous_cheap()),
        spawner: Spawner::default(),
    }
}

pub(crate) fn master_key(byte: u8) -> MasterKey {
    let key: Vec<u8> = (0..32).map(|number| number ^ byte).collect();
    MasterKey::from_base64(&Secret::new(base64::engine::general_purpose::STANDARD.encode(key))).unwrap()
}

/// Each case as a test on every database that `PORTCULLIS_TEST_DATABASES` selects.
macro_rules! on_every_database {
    ($(async fn $name:ident($world:ident $(, $change:expr)?) $body:block)*) => {
        mod sqlite {
            $(crate::support::on_one_database!(Sqlite, $name $(, $change)?);)*
        }
        mod postgres {
            $(crate::support::on_one_database!(Postgres, $name $(, $change)?);)*
        }
        $(async fn $name($world: crate::support::World) $body)*
    };
}
macro_rules! on_one_database {
    ($backend:ident, $name:ident $(, $change:expr)?) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            let change = |_settings: &mut portcullis_accounts::AccountsSettings| { $(($change)(_settings))? };
            let world = crate::support::World::new(portcullis_testing_postgres::Backend::$backend, change).await;
            if let Some(world) = world {
                super::$name(world).await;
            }
        }
    };
}
pub(crate) use {on_every_database, on_one_database};
