use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::Clock;
use tokio::time::{sleep, timeout};

use super::connections::Connections;
use super::limits::Limits;
use super::listen::{Listener, Tls};
use super::redirect::{Redirect, Way, origin};
use super::service::Service;
use super::shutdown::Shutdown;
use super::tls::{Acme, AcmeChallenge, Certificates, Renewal, TlsMode, TlsSettings, install_crypto_provider, open, server_configuration};
use crate::app::StartError;

/// Where to listen, and how.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The setting `listen`.
    pub listen: SocketAddr,
    /// The setting `management_listen`.
    pub management_listen: SocketAddr,
    /// The setting `http_listen`: where plain HTTP is redirected, and http-01 answered.
    pub http_listen: Option<SocketAddr>,
    /// The setting `public_url`: where it is redirected to.
    pub public_url: String,
    /// The setting `data_dir`: where certificates lie that are made or ordered.
    pub data_dir: PathBuf,
    /// The setting `tls`.
    pub tls: TlsSettings,
    /// The setting `limits`, checked.
    pub limits: Limits,
    /// Whether any proxy is trusted: without one, plain HTTP is refused.
    pub trusts_a_proxy: bool,
    /// Where the time comes from.
    pub clock: Clock,
    /// How often the certificate's files are looked at, and whether one has to be renewed.
    pub certificate_interval: Duration,
}

/// A service that holds its addresses, but doesn't accept yet.
#[derive(Debug)]
pub struct Server {
    main: Listener,
    management: Listener,
    redirect: Option<(Listener, Way)>,
    certificates: Option<Certificates>,
    renewal: Option<Renewal>,
    certificate_interval: Duration,
    limits: Arc<Limits>,
}

/// How a service ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drained {
    /// Connections and streams that were still open when the time for draining was over.
    pub cut: usize,
}

impl Server {
    /// Reads the certificate and takes every address, so that what can't work stops the start.
    ///
    /// # Errors
    /// Names the setting that can't work and how to mend it.
    pub async fn bind(settings: ServerSettings) -> Result<Self, StartError> {
        install_crypto_provider();
        let mut limits = settings.limits;
        if settings.tls.mode == TlsMode::BehindProxy {
            if !settings.trusts_a_proxy {
                return Err(StartError::new(
                    "tls.mode is `behind_proxy`, but proxy.trusted is empty: name the proxy's network, such as [\"10.0.0.0/8\"], \
                     or set tls.mode to `files`",
                ));
            }
            // Every client comes from the proxy's address.
            limits.connections_per_address = limits.connections;
            limits.connections_from_loopback = limits.connections;
        }
        let limits = Arc::new(limits);
        let outside = (settings.public_url.as_str(), settings.http_listen.is_some());
        let (certificates, acme) = open(&settings.tls, outside, &settings.data_dir, &settings.clock)?;
        let (renewal, over_tls, over_http) = match acme {
            Some(Acme { challenges, challenge: AcmeChallenge::TlsAlpn01, renewal }) => (Some(renewal), Some(challenges), None),
            Some(Acme { challenges, challenge: AcmeChallenge::Http01, renewal }) => (Some(renewal), None, Some(challenges)),
            None => (None, None, None),
        };
        let tls = certificates.as_ref().map(|certificates| server_configuration(certificates, settings.tls.profile)).transpose()?;
        let tls = tls.map(|configuration| Tls { configuration, challenges: over_tls });
        let main = Listener::bind("listen", settings.listen, tls, Arc::clone(&limits)).await?;
        let management = Listener::bind("management_listen", settings.management_listen, None, Arc::clone(&limits)).await?;
        let redirect = match settings.http_listen {
            Some(address) => {
                let listener = Listener::bind("http_listen", address, None, Arc::clone(&limits)).await?;
                Some((listener, Way { origin: origin(&settings.public_url)?, challenges: over_http }))
            }
            None => None,
        };
        Ok(Self { main, management, redirect, certificates, renewal, certificate_interval: settings.certificate_interval, limits })
    }

    /// The address that `listen` got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.main.address
    }

    /// The address that `management_listen` got.
    #[must_use]
    pub fn management_address(&self) -> SocketAddr {
        self.management.address
    }

    /// The address that `http_listen` got.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.redirect.as_ref().map(|(listener, _)| listener.address)
    }

    /// The certificate that is served; none behind a proxy.
    #[must_use]
    pub fn certificates(&self) -> Option<Certificates> {
        self.certificates.clone()
    }

    /// The numbers of connections on `listen`, for the metrics.
    #[must_use]
    pub fn connection_counts(&self) -> ConnectionCounts {
        ConnectionCounts(Arc::clone(&self.main.connections))
    }

    /// Serves until shutdown has ended.
    pub async fn serve<S: Service, M: Service>(self, service: Arc<S>, management: Arc<M>, shutdown: Shutdown) -> Drained {
        let (main, watching) = (self.main.tasks.clone(), tokio_util::sync::CancellationToken::new());
        let (renewing, interval) = (watching.clone(), self.certificate_interval);
        let _stop_watching = watching.clone().drop_guard();
        if let Some(certificates) = self.certificates {
            tokio::spawn(async move { watching.run_until_cancelled(certificates.watch(interval)).await });
        }
        if let Some(renewal) = self.renewal {
            tokio::spawn(async move { renewing.run_until_cancelled(renewal.run(interval)).await });
        }
        let mut groups = vec![main];
        if let Some((listener, way)) = self.redirect {
            groups.push(listener.tasks.clone());
            tokio::spawn(listener.run(Arc::new(Redirect::new(way, Arc::clone(&service)))));
        }
        let inside = self.management.tasks.clone();
        tokio::spawn(self.management.run(management));
        tokio::spawn(self.main.run(service));

        shutdown.begun().await;
        until(&shutdown, sleep(self.limits.shutdown_grace)).await;
        let drain = async {
            for group in &groups {
                group.closing.cancel();
                group.tracker.close();
            }
            for group in &groups {
                group.tracker.wait().await;
            }
        };
        until(&shutdown, timeout(self.limits.shutdown_drain, drain)).await;
        let cut = groups.iter().map(|group| group.tracker.len()).sum();
        // Probes are answered until the very end.
        groups.push(inside);
        for group in &groups {
            group.closing.cancel();
            group.tracker.close();
            group.cut.cancel();
            let _ = timeout(LAST_MOMENT, group.tracker.wait()).await;
        }
        Drained { cut }
    }
}

/// Waits for something, but not when the service must end at once.
async fn until<T>(shutdown: &Shutdown, work: impl Future<Output = T>) {
    tokio::select! {
        _ = work => {}
        () = shutdown.ends_at_once() => {}
    }
}

/// The numbers of connections on a listener.
#[derive(Clone, Debug)]
pub struct ConnectionCounts(Arc<Connections>);

impl ConnectionCounts {
    /// Open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.open()
    }

    /// Let in since the start.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.0.accepted()
    }

    /// Closed at once since the start, because there were too many.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused()
    }
}

/// For tasks that were told to end to notice it.
const LAST_MOMENT: Duration = Duration::from_secs(1);
