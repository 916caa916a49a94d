use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use portcullis_core::token::Verifier;
use portcullis_core::{Clock, Revocations, Timestamp};
use tokio::sync::Mutex;

use super::fetch::Source;

/// An issuer's keys, fetched in the background so that an issuer that hangs makes nobody wait while there are usable ones.
pub(super) struct Keys {
    source: Source,
    clock: Clock,
    revocations: Revocations,
    known: RwLock<Arc<Known>>,
    /// One fetch at a time.
    fetching: Arc<Mutex<()>>,
}

/// The keys as they were fetched last.
#[derive(Default)]
pub(super) struct Known {
    pub(super) verifier: Verifier,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl Keys {
    pub(super) fn new(source: Source, clock: Clock, revocations: Revocations) -> Self {
        Self { source, clock, revocations, known: RwLock::default(), fetching: Arc::default() }
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// The keys by which to judge this token now; `None` while no usable ones are known.
    pub(super) async fn for_token(self: &Arc<Self>, token: &str) -> Option<Arc<Known>> {
        let (known, now) = (self.known(), self.clock.now());
        if !known.is_usable(now) {
            self.refresh().await;
        } else if known.was_left_alone(now) || !known.verifier.knows_key_of(token) {
            // A healthy issuer answers sooner; the fetch goes on when it doesn't.
            let _ = tokio::time::timeout(PATIENCE, self.refresh()).await;
        }
        let known = self.known();
        known.is_usable(now).then_some(known)
    }

    /// Fetches the keys again and again, whether anybody asks or not: a key that the issuer withdrew ends what it signed.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            tokio::time::sleep(TICK).await;
            if self.known().is_due(self.clock.now()) {
                self.refresh().await;
            }
        }
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the keys, unless that was tried a moment ago; whoever comes meanwhile waits for the same fetch.
    async fn refresh(self: &Arc<Self>) {
        let fetching = Arc::clone(&self.fetching).lock_owned().await;
        if self.known().tried_at.is_some_and(|at| within(at, self.clock.now(), RETRY)) {
            return;
        }
        let keys = Arc::clone(self);
        // It goes on when the client goes away, and counts as tried: else whoever leaves early could have the issuer asked without end.
        let fetch = tokio::spawn(async move {
            keys.fetch().await;
            drop(fetching);
        });
        let _ = fetch.await;
    }

    async fn fetch(&self) {
        let (known, now) = (self.known(), self.clock.now());
        let next = match self.source.keys().await {
            Ok(keys) => Known { verifier: Verifier::new(keys), fetched_at: Some(now), tried_at: Some(now) },
            Err(error) => {
                tracing::warn!(issuer = %self.source.issuer(), %error, "the issuer's keys could not be fetched");
                Known { verifier: known.verifier.clone(), fetched_at: known.fetched_at, tried_at: Some(now) }
            }
        };
        let lost = !next.verifier.has_keys_of(&known.verifier);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        if lost {
            // After the change: a verification by the old keys that is under way isn't remembered.
            self.revocations.forget_all();
            tracing::info!(issuer = %self.source.issuer(), "a key of the issuer is gone or changed: remembered tokens are verified again");
        }
    }
}

impl Known {
    fn is_usable(&self, now: Timestamp) -> bool {
        self.fetched_at.is_some_and(|at| now.since(at) <= USABLE)
    }

    /// Only what was asked for once is kept fresh.
    fn is_due(&self, now: Timestamp) -> bool {
        self.tried_at.is_some() && !self.fetched_at.is_some_and(|at| within(at, now, FRESH))
    }

    /// Whether nobody has looked for longer than the keys are fresh, as after the machine slept.
    fn was_left_alone(&self, now: Timestamp) -> bool {
        !self.tried_at.is_some_and(|at| within(at, now, FRESH + RETRY))
    }
}

/// Whether less than this has passed since then. A clock that was set back doesn't make a moment last.
fn within(at: Timestamp, now: Timestamp, span: Duration) -> bool {
    at <= now && now.since(at) < span
}

const FRESH: Duration = Duration::from_secs(300);
const USABLE: Duration = Duration::from_secs(3600);
const RETRY: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_secs(1);
