use std::fmt;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use instant_acme::CertificateIdentifier;
use portcullis_core::{Clock, Timestamp};

use super::super::Certificates;
use super::super::pair::Pair;
use super::client::Client;
use super::failure::Failure;
use super::order::{Issued, order};
use super::schedule::{advice_lasts, advised_moment, back_off, own_moment};
use super::{Plan, Store, account};
use crate::app::StartError;

/// Orders the first certificate and renews it in time, in the one instance that holds the lock.
pub(in crate::accept) struct Renewal {
    plan: Arc<Plan>,
    store: Store,
    certificates: Certificates,
    client: Client,
    clock: Clock,
    lock: Option<File>,
    failures: u32,
    /// Nothing is done before.
    next: Timestamp,
    schedule: Option<Schedule>,
}

/// When the present certificate is renewed.
struct Schedule {
    expires: Timestamp,
    own: Timestamp,
    window: Option<(Timestamp, Timestamp)>,
    advised: Option<Timestamp>,
    ask_again: Timestamp,
}

impl Renewal {
    /// Prepares everything that can be prepared without the authority.
    pub(in crate::accept) fn new(plan: Arc<Plan>, store: Store, certificates: Certificates, clock: Clock) -> Result<Self, StartError> {
        account::saved(&store).map_err(StartError::new)?;
        let client = Client::new(&plan, clock.clone()).map_err(StartError::new)?;
        let next = clock.now();
        Ok(Self { plan, store, certificates, client, clock, lock: None, failures: 0, next, schedule: None })
    }

    /// Says what is served until there is a certificate.
    pub(in crate::accept) fn announce(&self) {
        if self.certificates.issued().is_none() {
            let (domains, authority) = (self.plan.domains.join(","), &self.plan.directory);
            tracing::warn!(
                event = "acme_certificate_awaited", %domains, %authority,
                "THERE IS NO CERTIFICATE YET: the development certificate is served, which clients refuse, until the authority issues one"
            );
        }
    }

    /// Looks at the clock again and again, and does what is due.
    pub(in crate::accept) async fn run(mut self, interval: Duration) {
        loop {
            if self.clock.now() >= self.next && self.holds_lock() {
                self.next = Box::pin(self.step()).await;
            }
            tokio::time::sleep(interval).await;
        }
    }

    fn holds_lock(&mut self) -> bool {
        if self.lock.is_none() {
            match self.store.lock() {
                Ok(Some(lock)) => {
                    // Whoever had it before is gone, and so is what it waited for.
                    self.store.challenges().clear();
                    let _ = self.certificates.reload_now();
                    self.lock = Some(lock);
                }
                Ok(None) => {}
                Err(error) => self.next = self.failed(&Failure::Store("the lock of the renewing instance", error)),
            }
        }
        self.lock.is_some()
    }

    /// Does what is due now, and says when to look again.
    async fn step(&mut self) -> Timestamp {
        let now = self.clock.now();
        let present = self.certificates.issued().filter(|pair| pair.expires > now);
        if let Some(pair) = &present {
            let due = self.due(pair, now).await;
            if due > now {
                return due;
            }
        }
        match self.renew(present.as_ref()).await {
            Ok(()) => {
                self.failures = 0;
                self.schedule = None;
                self.certificates.counts().renewed();
                // The new certificate's own schedule is made at once.
                self.clock.now()
            }
            Err(failure) => self.failed(&failure),
        }
    }

    fn failed(&mut self, failure: &Failure) -> Timestamp {
        self.failures = self.failures.saturating_add(1);
        self.certificates.counts().renewal_failed();
        let wait = back_off(self.failures, failure.is_passing(), self.client.take_wait(), chance());
        let retry = self.clock.now() + wait;
        let expires = self.certificates.expires();
        tracing::error!(
            event = "acme_renewal_failed", domains = %self.plan.domains.join(","), error = %failure, %retry, %expires,
            "there is no new certificate; the present one stays"
        );
        retry
    }

    /// Gets a certificate; a nonce that the authority dislikes is no reason to wait.
    async fn renew(&self, present: Option<&Pair>) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = tokio::time::timeout(LONGEST, self.try_renew(present)).await.unwrap_or(Err(Failure::Slow(LONGEST)));
            match outcome {
                Err(failure) if tries < MOST_TRIES && failure.kind() == Some("badNonce") => {}
                Err(failure) if tries < MOST_TRIES && failure.kind() == Some("accountDoesNotExist") => {
                    tracing::warn!(event = "acme_account_unknown", error = %failure, "the authority doesn't know the account; another is made");
                    account::put_aside(&self.store)?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_renew(&self, present: Option<&Pair>) -> Result<(), Failure> {
        self.store.ensure_room().map_err(|error| Failure::Store("a certificate", error))?;
        let account = account::account(&self.plan, &self.store, &self.client).await?;
        let replaces = present.and_then(identifier);
        let Issued { chain, key } = order(&self.plan, &account, &self.store.challenges(), replaces).await?;
        self.certificates.examine_issued(&key, &chain).map_err(Failure::BadCertificate)?;
        self.store.keep_certificate(&key, &chain).map_err(|error| Failure::Store("the certificate", error))?;
        // Served before anything else is done; the watcher of every other instance finds it, too.
        let _ = self.certificates.reload_now();
        tracing::info!(
            event = "acme_certificate_issued", domains = %self.plan.domains.join(","), authority = %self.plan.directory,
            expires = %self.certificates.expires(), "the authority issued a certificate"
        );
        Ok(())
    }

    /// When to renew, or to ask for advice again.
    async fn due(&mut self, pair: &Pair, now: Timestamp) -> Timestamp {
        let mut schedule = match self.schedule.take() {
            Some(schedule) if schedule.expires == pair.expires => schedule,
            _ => Schedule {
                expires: pair.expires,
                own: own_moment(pair.begins, pair.expires, chance()),
                window: None,
                advised: None,
                ask_again: now,
            },
        };
        if schedule.ask_again <= now {
            self.take_advice(pair, &mut schedule, now).await;
        }
        let moment = schedule.advised.unwrap_or(schedule.own);
        let due = moment.min(schedule.ask_again);
        self.schedule = Some(schedule);
        // A moment that has come is now, whatever else there is to ask.
        if moment <= now { moment } else { due }
    }

    /// Asks the authority when to renew ([RFC 9773](https://www.rfc-editor.org/rfc/rfc9773)); where it doesn't say, the own schedule counts.
    async fn take_advice(&self, pair: &Pair, schedule: &mut Schedule, now: Timestamp) {
        let asked = tokio::time::timeout(LONGEST, self.advice(pair)).await.unwrap_or(Err(Failure::Slow(LONGEST)));
        match asked {
            Ok(Some((window, explanation, lasts))) => {
                schedule.ask_again = now + advice_lasts(lasts);
                if schedule.window != Some(window) {
                    schedule.window = Some(window);
                    schedule.advised = advised_moment(window, (pair.begins, pair.expires), chance());
                    let moment = schedule.advised.unwrap_or(schedule.own);
                    tracing::info!(event = "acme_renewal_planned", at = %moment, explanation, "the authority says when to renew");
                }
            }
            Ok(None) => schedule.ask_again = now + ASK_AGAIN,
            Err(failure) => {
                schedule.ask_again = now + ASK_AGAIN;
                let at = schedule.advised.unwrap_or(schedule.own);
                tracing::warn!(event = "acme_renewal_unadvised", error = %failure, %at, "the authority doesn't say when to renew");
            }
        }
    }

    async fn advice(&self, pair: &Pair) -> Result<Option<Advice>, Failure> {
        let (Some(saved), Some(identifier)) = (account::saved(&self.store)?, identifier(pair)) else { return Ok(None) };
        let (information, lasts) = match saved.open(&self.client).await?.renewal_info(&identifier).await {
            Ok(answer) => answer,
            Err(instant_acme::Error::Unsupported(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let window = &information.suggested_window;
        let window = [window.start, window.end].map(|moment| Timestamp::from_seconds(moment.unix_timestamp()));
        Ok(Some((window.into(), information.explanation_url, lasts)))
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("plan", &self.plan).field("next", &self.next).finish_non_exhaustive()
    }
}

/// A window, why it is so, and for how long this is known.
type Advice = ((Timestamp, Timestamp), Option<String>, Duration);

/// The certificate as [RFC 9773 section 4.1](https://www.rfc-editor.org/rfc/rfc9773#section-4.1) names it.
fn identifier(pair: &Pair) -> Option<CertificateIdentifier<'static>> {
    CertificateIdentifier::try_from(pair.key.cert.first()?).ok().map(CertificateIdentifier::into_owned)
}

/// Between 0 and 1, so that instances and certificates don't all come at once.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness nothing is spread, and nothing else is lost.
    let _ = SystemRandom::new().fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

const MOST_TRIES: u32 = 4;
/// For one attempt from its beginning to its end.
const LONGEST: Duration = Duration::from_secs(900);
/// When the authority gives no advice.
const ASK_AGAIN: Duration = Duration::from_secs(6 * 3600);
