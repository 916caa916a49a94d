use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use portcullis_core::{Revocations, RoleKind};
use portcullis_store::{Database, DatabaseSettings, Migrations};

use super::application::{App, Parts};
use super::background::{begin_upkeep, start_in_time};
use super::config::{Settings, Source};
use super::consistency::one_judge;
use super::cursors::Cursors;
use super::endpoint::Endpoint;
use super::management::Management;
use super::master_key::MasterKey;
use super::module::{Started, Starting};
use super::pipeline::Pipeline;
use super::prepare::{check_bodies, cors, own_origin, prepare_folder, trusted_proxies, unusable};
use super::route::{Inner, Routes};
use super::running::Running;
use super::runtime::{RequestLimits, Runtime};
use super::spawner::Spawner;
use super::start_error::StartError;
use super::unsent::UnsentAnswers;
use crate::accept::{ByteBudget, Server, ServerSettings, Shutdown, TlsMode};
use crate::admit::{Hosts, LoadShed, RateLimits, TrustedProxies};
use crate::authn::{Authenticator, Authority};
use crate::observe::{AccessLog, Denials, LogFormat, LogSink, Metrics, init_logs};
use crate::respond::SecurityHeaders;

impl<R: RoleKind, S> App<R, S> {
    /// Reads the settings of this application.
    ///
    /// # Errors
    /// When a key is unknown or a value can't be used.
    pub fn settings(&mut self, source: &Source) -> Result<Settings, StartError> {
        Settings::load(source, &mut self.parts.sections).map_err(StartError::new)
    }

    /// Checks what can be checked without starting: networks, origins, limits, certificate files, modules, paths, and who judges
    /// credentials.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn check(&self, settings: &Settings) -> Result<(), StartError> {
        self.parts.check(settings)?;
        trusted_proxies(settings)?;
        cors(settings)?;
        settings.limits.limits()?;
        settings.limits.socket_limits()?;
        settings.tls.check(&settings.public_url, settings.http_listen.is_some())?;
        if settings.tls.mode == TlsMode::BehindProxy && settings.proxy.trusted.is_empty() {
            return Err(StartError::new("setting `tls.mode` is `behind_proxy`, but `proxy.trusted` is empty: name the proxy's network"));
        }
        own_origin(&settings.public_url)?;
        let endpoints = self.parts.registry(settings);
        self.parts.check_endpoints(&endpoints)?;
        self.parts.check_scopes(&endpoints)?;
        check_bodies(settings, &endpoints, &self.parts.raw)?;
        let metrics = Metrics::new(self.parts.version, &self.parts.clock);
        Routes::new(&endpoints, &self.parts.raw, |method, route| metrics.endpoint(method, route))?;
        if let Some(text) = &settings.master_key {
            MasterKey::from_base64(text).map_err(|why| StartError::new(format_args!("setting `master_key` is {why}")))?;
        }
        Ok(())
    }

    /// Opens the database of these settings and brings its tables up to date.
    ///
    /// # Errors
    /// When it can't be reached, or is newer than this program.
    pub async fn database(&self, settings: &Settings) -> Result<Database, StartError> {
        self.parts.database(settings).await
    }

    /// What the modules need to start, for commands that work without a server.
    ///
    /// # Errors
    /// When the database or the master key can't be opened.
    pub async fn starting(self, settings: Settings) -> Result<Starting, StartError> {
        self.parts.starting(settings).await.map(|(_, starting)| starting)
    }

    /// Prepares everything and binds the sockets; nothing is answered before [`Running::serve`].
    ///
    /// # Errors
    /// When anything is wrong: a setting, the database, a certificate, a port in use. Nothing keeps running then.
    pub async fn start(self, settings: Settings, sink: LogSink) -> Result<Running, StartError> {
        self.parts.start(settings, sink).await
    }
}

impl Parts {
    async fn database(&self, settings: &Settings) -> Result<Database, StartError> {
        let database = Database::connect(&DatabaseSettings::new(settings.database_url())).await.map_err(StartError::new)?;
        let mut migrations: Vec<Migrations> = self.modules.iter().map(|module| module.migrations()).collect();
        migrations.extend(&self.migrations);
        database.migrate(&migrations, self.clock.now()).await.map_err(StartError::new)?;
        Ok(database)
    }

    async fn starting(mut self, settings: Settings) -> Result<(Self, Starting), StartError> {
        prepare_folder(&settings.data_dir)?;
        let master_key = match &settings.master_key {
            Some(text) => MasterKey::from_base64(text).map_err(|why| StartError::new(format_args!("setting `master_key` is {why}")))?,
            None => MasterKey::load_or_create(&settings.data_dir).map_err(|error| {
                // A key that can't be used is named already.
                let is_bad = error.kind() == std::io::ErrorKind::InvalidData;
                if is_bad { StartError::new(error) } else { unusable(&settings.data_dir, &error) }
            })?,
        };
        let database = self.database(&settings).await?;
        let starting = Starting {
            name: self.name.to_owned(),
            settings,
            sections: std::mem::take(&mut self.sections),
            database,
            clock: self.clock.clone(),
            master_key,
            revocations: Revocations::new(),
            roles: self.roles,
            scopes: self.declared_scopes(),
            spawner: Spawner::default(),
        };
        Ok((self, starting))
    }

    async fn start(self, settings: Settings, sink: LogSink) -> Result<Running, StartError> {
        seed_ahead();
        let format = init_logs(&settings.log, &sink).map_err(|why| StartError::new(format_args!("setting `log.level`: {why}")))?;
        self.check(&settings)?;
        let (mut parts, starting) = self.starting(settings).await?;
        let endpoints = parts.registry_with(&starting.settings, &starting.sections);
        parts.check_endpoints(&endpoints)?;
        parts.check_scopes(&endpoints)?;
        for scope in parts.unnamed_scopes(&endpoints) {
            tracing::warn!(scope, "no policy names this scope");
        }
        let mut started = Started::default();
        started.providers.append(&mut parts.providers);
        for module in &parts.modules {
            let more = start_in_time(&**module, &starting).await?;
            started.providers.extend(more.providers);
            one_judge(usize::from(started.authority.is_some()) + usize::from(more.authority.is_some()), parts.issuers.len())?;
            started.authority = more.authority.or(started.authority);
            started.denials = more.denials.or(started.denials);
            started.announcements.extend(more.announcements);
        }
        if let Some(issuer) = parts.issuers.pop() {
            started.authority = Some(issuer.start(&starting));
        }
        let settings = &starting.settings;
        let trusted = trusted_proxies(settings)?;
        let shutdown = Shutdown::new();
        let server = Server::bind(ServerSettings {
            listen: settings.listen,
            management_listen: settings.management_listen,
            http_listen: settings.http_listen,
            public_url: settings.public_url.clone(),
            data_dir: settings.data_dir.clone(),
            tls: settings.tls.clone(),
            limits: settings.limits.limits()?,
            trusts_a_proxy: !trusted.is_empty(),
            clock: starting.clock.clone(),
            certificate_interval: CERTIFICATE_INTERVAL,
        })
        .await?;
        let metrics = Metrics::new(parts.version, &starting.clock);
        let metrics = Arc::new(match &started.denials {
            Some(log) => metrics.with_audit(log.budget()),
            None => metrics,
        });
        let drain = Duration::from_secs(settings.limits.shutdown_drain_seconds);
        let announcements = std::mem::take(&mut started.announcements);
        let hosts = Hosts::of_management(&settings.public_url, &settings.hosts);
        let pipeline = pipeline(parts, starting, started, &endpoints, (trusted, Arc::clone(&metrics), sink.clone(), format))?;
        let management = Arc::new(Management::new(&pipeline, &server, (metrics, sink.clone(), hosts)));
        Ok(Running { server, pipeline, management, shutdown, sink, drain, announcements })
    }
}

type Observed = (TrustedProxies, Arc<Metrics>, LogSink, LogFormat);

fn pipeline(
    mut parts: Parts,
    starting: Starting,
    started: Started,
    endpoints: &[&'static Endpoint],
    (trusted, metrics, sink, format): Observed,
) -> Result<Arc<Pipeline>, StartError> {
    let settings = &starting.settings;
    check_bodies(settings, endpoints, &parts.raw)?;
    let cors = cors(settings)?;
    let document = super::openapi::document(parts.name, parts.version, &settings.public_url, &starting.scopes, endpoints);
    let own_origin = own_origin(&settings.public_url)?;
    let mut origins = settings.cors.origins.clone();
    origins.push(own_origin.clone());
    let authenticator = started
        .authority
        .map(|authority: Arc<dyn Authority>| Authenticator::new(authority, starting.revocations.clone(), starting.clock.clone()));
    let routes = Routes::new(endpoints, &parts.raw, |method, route| metrics.endpoint(method, route))?;
    let behind_layers = Inner(Arc::new(OnceLock::new()));
    let layered = parts.layered(behind_layers.clone()).map(Mutex::new);
    let limits = RequestLimits {
        body_bytes: settings.limits.body_bytes,
        body_seconds: settings.limits.body_seconds,
        handler: Duration::from_secs(settings.limits.handler_seconds),
        socket: settings.limits.socket_limits()?,
    };
    let runtime = Runtime {
        name: parts.name,
        openapi: serde_json::to_vec(&document).unwrap_or_default().into(),
        ready: AtomicBool::new(false),
        cursors: Cursors::new(&starting.master_key),
        database: starting.database,
        clock: starting.clock.clone(),
        spawner: starting.spawner,
        master_key: starting.master_key,
        revocations: starting.revocations,
        limits,
        buffered: ByteBudget::new(settings.limits.buffered_body_bytes),
        own_origin,
        origins,
        providers: started.providers,
    };
    let denials = started.denials.map(|log| Denials::start(log, metrics.denials_dropped.clone(), runtime.clock(), runtime.spawner()));
    let pipeline = Arc::new(Pipeline {
        denials,
        streams: Arc::default(),
        runtime: Arc::new(runtime),
        routes,
        layered,
        authenticator,
        hosts: Hosts::new(&settings.public_url, &settings.hosts, settings.tls.is_development()),
        cors,
        rate_limits: RateLimits::new(&settings.rate_limit, starting.clock.now()),
        load: LoadShed::new(settings.limits.running_handlers),
        unsent: UnsentAnswers::new(settings.limits.unsent_answer_bytes),
        headers: Arc::new(SecurityHeaders::new(&settings.headers)),
        log: AccessLog::new(sink, format, &settings.log, metrics.refusals_aggregated.clone()),
        unmatched: metrics.endpoint("_OTHER", "unmatched"),
        metrics,
        url_bytes: settings.limits.url_bytes,
        is_behind_proxy: !trusted.is_empty() && settings.tls.mode == TlsMode::BehindProxy,
        trusted,
    });
    let _ = behind_layers.0.set(Arc::downgrade(&pipeline));
    begin_upkeep(&pipeline);
    Ok(pipeline)
}

/// How often the certificate's files are looked at.
const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(3);

/// Seeds the random source beside what else has to be done at start: it takes some 60 ms, and whoever asks it first waits for what is left
/// of them.
fn seed_ahead() {
    // Without a thread of its own it is seeded where it is asked first.
    let _ = std::thread::Builder::new().name("seed".to_owned()).spawn(|| aws_lc_rs::rand::fill(&mut [0]));
}
