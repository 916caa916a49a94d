use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use portcullis_accounts::{AccountParts, AccountService, AccountsSettings, Actor, Grant, MIGRATIONS, NewUser, Origin, UserView};
use portcullis_core::password::HashingCost;
use portcullis_core::{Clock, ManualClock, Principal, Revocations, RoleEntry, Secret, Timestamp};
use portcullis_store::{Database, DatabaseSettings};
use portcullis_web::app::MasterKey;
use portcullis_web::authn::{Authority as _, Credential, Rejection};

pub(crate) static ROLES: &[RoleEntry] = &[
    RoleEntry { name: "guest", rank: 0, permissions: &[], top: false },
    RoleEntry { name: "user", rank: 1, permissions: &[], top: false },
    RoleEntry { name: "manager", rank: 2, permissions: &["users.read", "users.write"], top: false },
    RoleEntry { name: "admin", rank: 3, permissions: &[], top: true },
];
pub(crate) const PASSWORD: &str = "three words and more";
pub(crate) const OTHER: &str = "other words and more";

/// A service over a new database, with a clock of its own.
pub(crate) struct World {
    pub(crate) service: AccountService,
    pub(crate) hand: ManualClock,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    pub(crate) guard: Arc<Guard>,
    pub(crate) revocations: Revocations,
}

/// The folder or server of the database, until the last world over it is gone.
pub(crate) enum Guard {
    Folder(#[expect(dead_code, reason = "kept until it is dropped")] tempfile::TempDir),
    Server,
}

impl World {
    pub(crate) async fn new(url: String, guard: Guard, change: impl FnOnce(&mut AccountsSettings)) -> Self {
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let mut settings = AccountsSettings::default();
        settings.failures_per_address = 1000;
        settings.hashing_queue = 1000;
        settings.hashing_queue_per_address = 1000;
        change(&mut settings);
        let revocations = Revocations::new();
        let service = start(&url, &clock, settings, revocations.clone()).await;
        Self { service, hand, clock, url, guard: Arc::new(guard), revocations }
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self) -> Self {
        let revocations = Revocations::new();
        let service = start(&self.url, &self.clock, self.service.settings().clone(), revocations.clone()).await;
        let (hand, clock, url) = (self.hand.clone(), self.clock.clone(), self.url.clone());
        Self { service, hand, clock, url, guard: Arc::clone(&self.guard), revocations }
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
        public_url: "https://localhost:8443".to_owned(),
        service_name: "Portcullis".to_owned(),
        master_key: master_key(0),
        cost: Some(HashingCost::dangerous_cheap()),
    }
}

pub(crate) fn master_key(byte: u8) -> MasterKey {
    let key: Vec<u8> = (0..32).map(|number| number ^ byte).collect();
    MasterKey::from_base64(&Secret::new(base64::engine::general_purpose::STANDARD.encode(key))).unwrap()
}

/// Each case as a test on SQLite, and on PostgreSQL where the environment names a server.
macro_rules! on_every_database {
    ($($(#[doc = $doc:literal])* async fn $name:ident($world:ident $(, $change:expr)?) $body:block)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                let world = crate::support::World::new(url, crate::support::Guard::Folder(folder), |_settings| { $(($change)(_settings))? }).await;
                super::$name(world).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let Some(url) = crate::support::fresh_postgres() else { return };
                let world = crate::support::World::new(url, crate::support::Guard::Server, |_settings| { $(($change)(_settings))? }).await;
                super::$name(world).await;
            })*
        }
        $($(#[doc = $doc])* async fn $name($world: crate::support::World) $body)*
    };
}
pub(crate) use on_every_database;

static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// A new database of the PostgreSQL server that `PORTCULLIS_TEST_POSTGRES_URL` names (without a database at the end).
pub(crate) fn fresh_postgres() -> Option<String> {
    let server = std::env::var_os("PORTCULLIS_TEST_POSTGRES_URL")?.into_string().unwrap();
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("accounts_{}_{number}", std::process::id());
    let made = std::process::Command::new("psql")
        .args([&format!("{server}/postgres"), "-qc", &format!("CREATE DATABASE {name}")])
        .status()
        .unwrap();
    assert!(made.success());
    Some(format!("{server}/{name}"))
}
