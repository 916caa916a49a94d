use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::{Clock, Timestamp};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::development::Development;
use super::pair::Pair;
use super::{TlsMode, TlsSettings};
use crate::app::StartError;

/// The certificate that is served, exchanged when its files change; connections that are open keep theirs.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

struct Inner {
    current: ArcSwap<CertifiedKey>,
    expires: AtomicI64,
    certificate_file: PathBuf,
    key_file: PathBuf,
    development: Option<Development>,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    /// What the files held when they were last looked at, good or bad: a bad pair is reported once.
    seen: Mutex<Option<(Vec<u8>, Vec<u8>)>>,
}

impl Certificates {
    /// Reads the certificate that the settings name, or makes the one for development.
    pub(in crate::accept) fn open(
        settings: &TlsSettings,
        data_dir: &std::path::Path,
        provider: Arc<CryptoProvider>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let development = settings.is_development().then(|| Development::new(data_dir));
        let [certificate_file, key_file] = match (&development, &settings.cert_file, &settings.key_file) {
            (Some(development), None, None) => development.files(),
            (None, Some(certificate), Some(key)) => [certificate.clone(), key.clone()],
            (None, None, _) => {
                return Err(StartError::new("tls.mode is `files`, but tls.cert_file is not set: name the PEM file of the certificate"));
            }
            (None, _, None) => {
                return Err(StartError::new("tls.mode is `files`, but tls.key_file is not set: name the PEM file of the private key"));
            }
            (Some(_), _, _) => {
                return Err(StartError::new(
                    "tls.cert_file or tls.key_file is set, but tls.mode is `dev`: set tls.mode = \"files\", or remove them",
                ));
            }
        };
        debug_assert!(settings.mode != TlsMode::BehindProxy, "a proxy needs no certificate here");
        if let Some(development) = &development {
            development.ensure(clock.now(), &provider)?;
        }
        let texts = read(&certificate_file, &key_file).map_err(StartError::new)?;
        let pair = Pair::parse(&texts.0, &texts.1, &provider).map_err(|error| {
            StartError::new(format_args!("tls.cert_file {} and tls.key_file {}: {error}", certificate_file.display(), key_file.display()))
        })?;
        warn_of_validity(&pair, &clock);
        Ok(Self(Arc::new(Inner {
            current: ArcSwap::new(pair.key),
            expires: AtomicI64::new(pair.expires.as_seconds()),
            certificate_file,
            key_file,
            development,
            provider,
            clock,
            seen: Mutex::new(Some(texts)),
        })))
    }

    /// When the certificate ends, for the metric `tls_certificate_expiry_timestamp_seconds`.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.expires.load(Ordering::Relaxed))
    }

    /// Looks at the files now; `true` when another certificate is served from here on.
    ///
    /// A pair that can't be served is reported in the log, and the present one stays.
    #[must_use = "the answer says whether there is a new certificate"]
    pub fn reload_now(&self) -> bool {
        self.renew_development();
        let texts = match read(&self.0.certificate_file, &self.0.key_file) {
            Ok(texts) => texts,
            Err(error) => {
                // Only once while the files are away.
                if self.seen().take().is_some() {
                    tracing::error!(event = "tls_certificate_refused", error, "the certificate can't be read; the present one stays");
                }
                return false;
            }
        };
        if self.seen().as_ref() == Some(&texts) {
            return false;
        }
        let pair = Pair::parse(&texts.0, &texts.1, &self.0.provider);
        *self.seen() = Some(texts);
        match pair {
            Ok(pair) => self.serve(pair),
            Err(error) => {
                tracing::error!(event = "tls_certificate_refused", error = %error, "the new certificate is refused; the present one stays");
                false
            }
        }
    }

    /// Looks at the files again and again. Comparing contents also notices a swapped symbolic link, as Kubernetes does it.
    pub(in crate::accept) async fn watch(&self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            let own = self.clone();
            let _ = tokio::task::spawn_blocking(move || own.reload_now()).await;
        }
    }

    /// The certificate as it is now.
    pub(in crate::accept) fn current(&self) -> Arc<CertifiedKey> {
        self.0.current.load_full()
    }

    fn serve(&self, pair: Pair) -> bool {
        warn_of_validity(&pair, &self.0.clock);
        if self.0.current.load().cert == pair.key.cert {
            return false;
        }
        tracing::info!(event = "tls_certificate_renewed", expires = %pair.expires, "a new certificate is served");
        self.0.expires.store(pair.expires.as_seconds(), Ordering::Relaxed);
        self.0.current.store(pair.key);
        true
    }

    fn renew_development(&self) {
        let Some(development) = &self.0.development else { return };
        if let Err(error) = development.ensure(self.0.clock.now(), &self.0.provider) {
            tracing::error!(event = "tls_certificate_refused", error = %error, "the development certificate can't be renewed");
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<(Vec<u8>, Vec<u8>)>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificates {
    /// One certificate for every name: clients check the name themselves.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("file", &self.0.certificate_file).field("expires", &self.expires()).finish_non_exhaustive()
    }
}

fn read(certificate: &std::path::Path, key: &std::path::Path) -> Result<(Vec<u8>, Vec<u8>), String> {
    let certificate =
        std::fs::read(certificate).map_err(|error| format!("cannot read the certificate {}: {error}", certificate.display()))?;
    let key = std::fs::read(key).map_err(|error| format!("cannot read the private key {}: {error}", key.display()))?;
    Ok((certificate, key))
}

/// An ended certificate is served all the same: a browser's warning says more than a closed port.
fn warn_of_validity(pair: &Pair, clock: &Clock) {
    let now = clock.now();
    if pair.expires <= now {
        tracing::warn!(event = "tls_certificate_expired", expires = %pair.expires, "the certificate has ended");
    } else if pair.begins > now {
        tracing::warn!(event = "tls_certificate_not_yet_valid", begins = %pair.begins, "the certificate isn't valid yet");
    }
}
