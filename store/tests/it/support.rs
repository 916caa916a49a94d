use std::time::Duration;

use portcullis_core::{Secret, Timestamp};
use portcullis_store::{Database, DatabaseSettings, Migration, Migrations};
use portcullis_testing_postgres::{Backend, Guard, fresh, selected};

/// Each case becomes one test for each database; the ones for PostgreSQL pass at once unless it is selected.
macro_rules! on_both {
    ($($(#[$about:meta])* $case:ident),* $(,)?) => {
        mod on_sqlite {
            $($(#[$about])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::support::on(portcullis_testing_postgres::Backend::Sqlite, super::$case).await;
            })*
        }
        mod on_postgres {
            $($(#[$about])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::support::on(portcullis_testing_postgres::Backend::Postgres, super::$case).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A new database with the tables of the contract.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) url: String,
    _guard: Option<Guard>,
}

impl World {
    /// Another program on the same database.
    pub(crate) async fn another(&self) -> Database {
        Database::connect(&settings(&self.url)).await.unwrap()
    }

    pub(crate) async fn add_person(&self, name: &str) {
        self.database.query("INSERT INTO person (id, email) VALUES ($1, $1)").bind(name).execute().await.unwrap();
    }

    pub(crate) async fn people(&self) -> Vec<String> {
        self.database.query("SELECT id FROM person ORDER BY id").fetch_all().await.unwrap()
    }
}

pub(crate) async fn on<F: Future<Output = ()>>(backend: Backend, case: impl FnOnce(World) -> F) {
    if selected(backend).unwrap() {
        case(world(backend).await).await;
    }
}

pub(crate) async fn world(backend: Backend) -> World {
    let (url, guard) = fresh(backend).unwrap();
    World { _guard: Some(guard), ..world_at(&url).await }
}

/// A world on a database that the test made itself.
pub(crate) async fn world_at(url: &str) -> World {
    let database = Database::connect(&settings(url)).await.unwrap();
    database.migrate(&[TABLES], now()).await.unwrap();
    World { database, url: url.to_owned(), _guard: None }
}

/// A wait that is short where a test has to see it end, and long enough for a busy machine.
pub(crate) fn settings(url: &str) -> DatabaseSettings {
    let mut settings = DatabaseSettings::new(Secret::new(url));
    settings.wait = Duration::from_secs(20);
    settings
}

pub(crate) fn impatient(url: &str) -> DatabaseSettings {
    let mut settings = settings(url);
    settings.wait = Duration::from_millis(300);
    settings
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

const TABLES: Migrations = Migrations {
    module: "contract",
    steps: &[
        Migration {
            version: 1,
            name: "one column of each kind",
            sqlite: "CREATE TABLE sample (id BIGINT PRIMARY KEY, text TEXT, flag BOOLEAN, bytes BLOB, real DOUBLE PRECISION, small INTEGER)",
            postgres: "CREATE TABLE sample (id BIGINT PRIMARY KEY, text TEXT, flag BOOLEAN, bytes BYTEA, real DOUBLE PRECISION, small INTEGER)",
        },
        Migration::both(
            2,
            "people and their notes",
            "CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, age BIGINT CHECK (age >= 0), used_at BIGINT);
             CREATE TABLE note (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE);",
        ),
    ],
};
