use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use portcullis::accounts::Accounts;
use portcullis::core::password::HashingCost;
use portcullis::core::{Clock, RoleKind};
use portcullis::web::accept::Shutdown;
use portcullis::web::app::config::{Environment, Settings, Source};
use portcullis::web::app::{App, Runtime};
use portcullis::web::observe::LogSink;
use portcullis_testing_postgres::{Backend, Guard, fresh, selected};
use serde_json::json;
use tempfile::TempDir;

use crate::caller::Caller;

/// Where applications under test live: a database, a data folder, settings. Several applications may share one.
#[derive(Debug)]
pub struct World {
    database_url: String,
    folder: TempDir,
    variables: Vec<(String, String)>,
    clock: Clock,
    _guard: Guard,
}

/// An application that serves in this process until it is dropped.
#[derive(Debug)]
pub struct TestApp {
    address: SocketAddr,
    management: SocketAddr,
    world: Arc<World>,
    sink: LogSink,
    runtime: Arc<Runtime>,
    shutdown: Shutdown,
    announcements: Vec<String>,
    matrix: String,
    served: tokio::task::JoinHandle<()>,
}

impl World {
    /// A world on a new database of this kind; none where the environment doesn't select the kind.
    #[must_use]
    pub fn new(backend: Backend) -> Option<Self> {
        if !selected(backend).unwrap() {
            return None;
        }
        let (database_url, guard) = fresh(backend).unwrap();
        Some(Self::of(database_url, guard))
    }

    /// A world on a database that the test looks after itself.
    #[must_use]
    pub fn at(database_url: String) -> Self {
        Self::of(database_url, Guard::none())
    }

    fn of(database_url: String, guard: Guard) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { database_url, folder, variables: Vec::new(), clock: Clock::system(), _guard: guard };
        // A test knocks more often than a person would.
        world.with("RATE_LIMIT__DEFAULT", "off").with("RATE_LIMIT__CREDENTIALS", "off").with("RATE_LIMIT__PRINCIPAL", "off")
    }

    /// Sets a variable, without its prefix.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let name = format!("PORTCULLIS_{name}");
        self.variables.retain(|(own, _)| *own != name);
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The accounts for an application under test: the same, but for cheap password hashes.
    #[must_use]
    pub fn accounts() -> Accounts {
        Accounts::default().cost(HashingCost::dangerous_cheap())
    }

    /// The folder of data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn settings<R: RoleKind, S>(&self, app: &mut App<R, S>) -> Settings {
        let own = [
            ("PORTCULLIS_LISTEN", "127.0.0.1:0".to_owned()),
            ("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0".to_owned()),
            ("PORTCULLIS_DATA_DIR", self.folder.path().display().to_string()),
            ("PORTCULLIS_DATABASE_URL", self.database_url.clone()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let environment: Environment = own.chain(self.variables.iter().cloned()).collect();
        app.settings(&Source { file: None, environment }).unwrap()
    }
}

impl TestApp {
    /// Starts an application in a world.
    pub async fn start<R: RoleKind, S>(app: App<R, S>, world: &Arc<World>) -> Self {
        let mut app = app.clock(world.clock.clone());
        let settings = world.settings(&mut app);
        let matrix = app.matrix(&settings);
        let sink = LogSink::memory();
        let running = app.start(settings, sink.clone()).await.unwrap();
        let (address, management, shutdown) = (running.address(), running.management_address(), running.shutdown());
        let (runtime, announcements) = (Arc::clone(running.runtime()), running.announcements().to_vec());
        let served = tokio::spawn(running.serve());
        Self { address, management, world: Arc::clone(world), sink, runtime, shutdown, announcements, matrix, served }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its management listener listens.
    #[must_use]
    pub const fn management_address(&self) -> SocketAddr {
        self.management
    }

    /// The access matrix.
    #[must_use]
    pub fn matrix(&self) -> &str {
        &self.matrix
    }

    /// The world that it lives in.
    #[must_use]
    pub const fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Everything that was logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.sink.text()
    }

    /// What handlers find.
    #[must_use]
    pub const fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Somebody who isn't signed in.
    #[must_use]
    pub fn anonymous(&self) -> Caller {
        // Without a certificate the application is behind a proxy: callers speak as the proxy does, in plain HTTP.
        let authority = std::fs::read(self.world.folder.path().join("tls/ca.pem")).ok();
        Caller::new(self.address, authority.as_deref())
    }

    /// Registers somebody and signs them in.
    pub async fn user(&self, name: &str) -> Caller {
        let new = json!({"username": name, "password": PASSWORD});
        let answer = self.anonymous().post("/users", &new).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.log_in(name).await
    }

    /// Makes the first administrator through the one-time link, and signs them in as `root`.
    pub async fn admin(&self) -> Caller {
        let link = self.announcements.iter().find_map(|line| line.split_once("code=")).map(|(_, code)| code.trim().to_owned());
        let form = format!("code={}&username=root&password={}", link.unwrap(), PASSWORD.replace(' ', "+"));
        let answer = self.anonymous().form("/setup", &form).header("sec-fetch-site", "same-origin").send().await.unwrap();
        assert!(answer.status().is_success() || answer.status().is_redirection(), "{answer:?}");
        self.log_in("root").await
    }

    /// Signs somebody in who is registered.
    pub async fn log_in(&self, name: &str) -> Caller {
        let answer = self.token(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.anonymous().with_token(answer.json()["access_token"].as_str().unwrap())
    }

    /// Signs somebody in who is registered, with tokens that are restricted to these scopes, which a space separates.
    pub async fn log_in_with_scope(&self, name: &str, scope: &str) -> Caller {
        let form = format!("username={name}&password={}&scope={}", PASSWORD.replace(' ', "+"), scope.replace(' ', "+"));
        let answer = crate::Answer::of(self.anonymous().form("/token", &form).send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.anonymous().with_token(answer.json()["access_token"].as_str().unwrap())
    }

    /// What `POST /token` says to this name and password.
    pub async fn token(&self, name: &str, password: &str) -> crate::Answer {
        let form = format!("username={name}&password={}", password.replace(' ', "+"));
        crate::Answer::of(self.anonymous().form("/token", &form).send().await.unwrap()).await
    }

    /// The body and status of a page of the management listener.
    pub async fn management(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}{path}", self.management)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Begins shutdown and waits until the service has ended.
    pub async fn end(mut self) {
        self.shutdown.begin();
        (&mut self.served).await.unwrap();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.end_at_once();
    }
}

/// Everybody's password in tests.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
