use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::{Clock, Timestamp};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::counts::CertificateCounts;
use super::pair::Pair;
use super::source::{Source, Texts};
use crate::app::StartError;

/// The certificate that is served, exchanged when its files change; connections that are open keep theirs.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

struct Inner {
    current: ArcSwap<Served>,
    source: Source,
    /// The name that clients use.
    host: String,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    counts: CertificateCounts,
    /// What the files held when they were last looked at: a bad pair is reported once.
    seen: Mutex<Seen>,
}

struct Served {
    pair: Pair,
    /// By an ACME authority.
    is_issued: bool,
}

enum Seen {
    /// Nothing that could be read.
    Nothing,
    /// Good or bad, it is decided.
    Decided(Texts),
    /// Not valid yet: looked at again.
    Early(Texts),
}

impl Certificates {
    /// Reads the certificate, or makes the one for development.
    pub(super) fn open(source: Source, host: String, provider: Arc<CryptoProvider>, clock: Clock) -> Result<Self, StartError> {
        source.prepare(clock.now(), &provider)?;
        let mut texts = source.read().map_err(StartError::new)?;
        let mut pair = parse(&source, &texts, &provider);
        let now = clock.now();
        let usable = pair.as_ref().map_err(Clone::clone).and_then(|pair| present_at(pair, now));
        let seen = texts.clone();
        if let (Err(why), true, Some(meanwhile)) = (&usable, texts.is_issued, source.read_meanwhile()) {
            tracing::warn!(event = "tls_certificate_refused", error = %why, file = %source.file().display(), "the kept certificate is not used");
            texts = meanwhile.map_err(StartError::new)?;
            pair = parse(&source, &texts, &provider);
        }
        let pair = pair.map_err(|why| StartError::new(format_args!("the certificate {}: {why}", source.file().display())))?;
        let own = Self(Arc::new(Inner {
            current: ArcSwap::from_pointee(Served { pair: pair.clone(), is_issued: texts.is_issued }),
            source,
            host,
            provider,
            clock,
            counts: CertificateCounts::default(),
            seen: Mutex::new(Seen::Decided(seen)),
        }));
        own.0.warn(&pair, texts.is_issued);
        Ok(own)
    }

    /// When the certificate ends, for the metric `tls_certificate_expiry_timestamp_seconds`.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.0.current.load().pair.expires
    }

    /// What became of certificates since the start.
    #[must_use]
    pub fn counts(&self) -> &CertificateCounts {
        &self.0.counts
    }

    /// Looks at the files now; `true` when another certificate is served from here on.
    ///
    /// A pair that can't be served is reported in the log, and the present one stays.
    #[must_use = "the answer says whether there is a new certificate"]
    pub fn reload_now(&self) -> bool {
        let inner = &*self.0;
        // Held to the end: two looks at once could report twice, or put an older pair over a newer one.
        let mut seen = inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = inner.source.prepare(inner.clock.now(), &inner.provider) {
            tracing::error!(event = "tls_certificate_refused", error = %error, "the development certificate can't be renewed");
        }
        let texts = match inner.source.read() {
            Ok(texts) => texts,
            Err(why) => {
                // Only once while the files are away.
                if !matches!(*seen, Seen::Nothing) {
                    inner.refuse(&why);
                    *seen = Seen::Nothing;
                }
                return false;
            }
        };
        let is_early = match &*seen {
            Seen::Decided(known) if *known == texts => return false,
            Seen::Early(known) => *known == texts,
            Seen::Decided(_) | Seen::Nothing => false,
        };
        let (now, is_issued) = (inner.clock.now(), texts.is_issued);
        let outcome = parse(&inner.source, &texts, &inner.provider);
        let begins_later = outcome.as_ref().is_ok_and(|pair| pair.begins > now);
        let outcome = outcome.and_then(|pair| inner.acceptable(&pair, now).map(|()| pair));
        *seen = if begins_later && outcome.is_err() { Seen::Early(texts) } else { Seen::Decided(texts) };
        match outcome {
            Ok(pair) => inner.serve(pair, is_issued),
            Err(why) => {
                if !is_early {
                    inner.refuse(&why);
                }
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
        Arc::clone(&self.0.current.load().pair.key)
    }

    /// The certificate as it is now, when an ACME authority issued it.
    pub(super) fn issued(&self) -> Option<Pair> {
        let served = self.0.current.load();
        served.is_issued.then(|| served.pair.clone())
    }

    /// Whether a newly issued pair could be served.
    pub(super) fn examine_issued(&self, key: &str, chain: &str) -> Result<(), String> {
        let texts = Texts { certificate: chain.as_bytes().to_vec(), key: key.as_bytes().to_vec(), is_issued: true };
        present_at(&parse(&self.0.source, &texts, &self.0.provider)?, self.0.clock.now())
    }
}

impl Inner {
    /// Whether a pair may take the place of the present one: not when that is still good and the new one isn't good at this moment.
    fn acceptable(&self, pair: &Pair, now: Timestamp) -> Result<(), String> {
        let present = self.current.load();
        if present_at(&present.pair, now).is_err() { Ok(()) } else { present_at(pair, now) }
    }

    fn serve(&self, pair: Pair, is_issued: bool) -> bool {
        if self.current.load().pair.key.cert == pair.key.cert {
            return false;
        }
        tracing::info!(event = "tls_certificate_renewed", expires = %pair.expires, "a new certificate is served");
        self.warn(&pair, is_issued);
        self.current.store(Arc::new(Served { pair, is_issued }));
        true
    }

    fn refuse(&self, why: &str) {
        self.counts.refuse();
        let file = self.source.file();
        tracing::error!(
            event = "tls_certificate_refused", error = %why, file = %file.display(),
            "the new certificate is refused; the present one stays"
        );
    }

    /// An ended certificate is served all the same: a browser's warning says more than a closed port.
    fn warn(&self, pair: &Pair, is_issued: bool) {
        let now = self.clock.now();
        if let Err(why) = present_at(pair, now) {
            let (begins, expires) = (pair.begins, pair.expires);
            if expires <= now {
                tracing::warn!(event = "tls_certificate_expired", %begins, %expires, "{why}");
            } else {
                tracing::warn!(event = "tls_certificate_not_yet_valid", %begins, %expires, "{why}");
            }
        }
        // The development certificate never claims to be for the public name.
        let is_real = is_issued || matches!(self.source, Source::Files { .. });
        if is_real && !pair.is_for(&self.host) {
            tracing::warn!(
                event = "tls_certificate_other_name", host = %self.host,
                "the certificate is not for the host of public_url, so clients will refuse it: get one for that name, or mend public_url"
            );
        }
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
        let file = self.0.source.file();
        f.debug_struct("Certificates").field("file", &file).field("expires", &self.expires()).finish_non_exhaustive()
    }
}

fn parse(source: &Source, texts: &Texts, provider: &CryptoProvider) -> Result<Pair, String> {
    let pair = Pair::parse(&texts.certificate, &texts.key, provider).map_err(|error| error.to_string())?;
    match source.objection(&pair).filter(|_| texts.is_issued) {
        Some(objection) => Err(objection),
        None => Ok(pair),
    }
}

/// Whether a pair is valid at a moment, by this machine's clock.
fn present_at(pair: &Pair, now: Timestamp) -> Result<(), String> {
    if pair.expires <= now {
        return Err(format!("the certificate ended at {}: renew it, or set this machine's clock, which says {now}", pair.expires));
    }
    if pair.begins > now {
        return Err(format!("the certificate begins at {}: set this machine's clock, which says {now}", pair.begins));
    }
    Ok(())
}
