use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::{Clock, Id, Timestamp};
use prometheus_client::metrics::counter::Counter;

use super::audit_budget::{AuditBudget, AuditRoom, DroppedEvents};
use crate::admit::ClientAddress;
use crate::app::Spawner;

/// Requests that were refused before their handler ran, alike in all but time and request.
#[derive(Clone, Debug)]
pub struct Denial {
    /// When the first of them was.
    pub at: Timestamp,
    /// What, by the [OWASP logging vocabulary](https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html).
    pub kind: &'static str,
    /// Which rule refused it.
    pub reason: &'static str,
    /// The caller, if one was signed in.
    pub principal: Option<String>,
    /// The first one's client address; the others came from the same one, or from the same /64 of IPv6.
    pub address: String,
    /// The identifier of the first request.
    pub request_id: Id,
    /// The method, `_OTHER` if it isn't a standard one, and the route's template.
    pub endpoint: String,
    /// How many there were.
    pub times: u64,
}

/// What denials have in common that are kept as one: nothing of it is a text that an anonymous client chose.
pub(crate) struct Refused<'a> {
    pub(crate) kind: &'static str,
    pub(crate) reason: &'static str,
    /// The verified caller.
    pub(crate) principal: Option<&'a str>,
    pub(crate) address: ClientAddress,
    /// From [`known_method`].
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
}

/// Keeps denials in the audit log.
pub trait DenialLog: Send + Sync + 'static {
    /// How many rows there is room for.
    fn budget(&self) -> &AuditBudget;

    /// Writes a batch in one transaction.
    fn write<'a>(&'a self, batch: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

    /// Writes how many events have no row.
    fn write_dropped<'a>(&'a self, dropped: &'a DroppedEvents) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Takes denials from requests without ever making one wait; they are written four times a second, and at the end.
///
/// A storm of refusals must neither starve the one writer of the database nor fill the audit log: those that are alike become one entry
/// with their number. Each entry takes its room from the [`AuditBudget`]. An anonymous client's first one is written at once, and what
/// follows it once a minute.
#[derive(Clone)]
pub(crate) struct Denials(Arc<Inner>);

struct Inner {
    waiting: Mutex<Waiting>,
    log: Arc<dyn DenialLog>,
    clock: Clock,
    hasher: RandomState,
    dropped: Counter,
}

#[derive(Default)]
struct Waiting {
    of_callers: HashMap<u64, Denial>,
    anonymous: HashMap<u64, Held>,
}

/// An anonymous client's denials: those since the last row, and when the next row is due.
struct Held {
    denial: Denial,
    due: Timestamp,
    /// Whether the row has its room already, as the first one does.
    has_room: bool,
}

impl Denials {
    /// Writes to this log until the service ends.
    pub(crate) fn start(log: Arc<dyn DenialLog>, dropped: Counter, clock: &Clock, spawner: &Spawner) -> Self {
        let denials = Self::new(log, dropped, clock.clone());
        let (ending, writing) = (spawner.shutdown_begins(), denials.clone());
        spawner.spawn(async move {
            tokio::pin!(ending);
            // A batch that is being written is never given up.
            while tokio::time::timeout(EVERY, &mut ending).await.is_err() {
                writing.write(false).await;
            }
        });
        denials
    }

    fn new(log: Arc<dyn DenialLog>, dropped: Counter, clock: Clock) -> Self {
        Self(Arc::new(Inner { waiting: Mutex::default(), log, clock, hasher: RandomState::new(), dropped }))
    }

    /// Adds one.
    pub(crate) fn note(&self, refused: &Refused<'_>, at: Timestamp, request_id: Id) {
        // Nobody outside can foresee these 64 bits, let alone bring two of a few thousand together.
        let key = KEY.with_borrow_mut(|key| self.0.hasher.hash_one(refused.key(key)));
        let mut waiting = self.waiting();
        match refused.principal {
            Some(principal) => {
                let has_place = waiting.of_callers.len() < MOST;
                match waiting.of_callers.get_mut(&key) {
                    Some(denial) => denial.times += 1,
                    None if has_place && self.has_room(AuditRoom::Denial(principal), refused.kind, 1, at) => {
                        waiting.of_callers.insert(key, refused.first(at, request_id));
                    }
                    None if !has_place => self.lose(refused.kind, 1),
                    None => {}
                }
            }
            None => {
                let has_place = waiting.anonymous.len() < MOST;
                match waiting.anonymous.get_mut(&key) {
                    Some(held) => held.add(refused, at, request_id),
                    None if has_place && self.has_room(AuditRoom::AnonymousDenial, refused.kind, 1, at) => {
                        waiting.anonymous.insert(key, Held { denial: refused.first(at, request_id), due: at, has_room: true });
                    }
                    None if !has_place => self.lose(refused.kind, 1),
                    None => {}
                }
            }
        }
    }

    /// Writes what waits, once nothing is added any more.
    pub(crate) async fn finish(&self) {
        self.write(true).await;
    }

    async fn write(&self, is_ending: bool) {
        let log = &*self.0.log;
        let now = self.0.clock.now();
        let mut denials = self.take_due(now, is_ending);
        denials.sort_unstable_by_key(|denial| (denial.at, denial.request_id));
        for batch in denials.chunks(BATCH) {
            if let Err(error) = log.write(batch).await {
                tracing::error!(error, lost = batch.len(), "denials could not be written to the audit log");
                for denial in batch {
                    self.lose(denial.kind, denial.times);
                }
            }
        }
        if let Some(dropped) = log.budget().summary(now, is_ending)
            && log.write_dropped(&dropped).await.is_err()
        {
            log.budget().take_back(&dropped);
        }
    }

    fn take_due(&self, now: Timestamp, is_ending: bool) -> Vec<Denial> {
        let mut waiting = self.waiting();
        let mut due: Vec<Denial> = waiting.of_callers.drain().map(|(_, denial)| denial).collect();
        // What a flood took is given back.
        waiting.of_callers.shrink_to(BATCH);
        waiting.anonymous.retain(|_, held| {
            if !is_ending && now < held.due {
                return true;
            }
            let (kind, times) = (held.denial.kind, held.denial.times);
            if times > 0 && (held.has_room || self.has_room(AuditRoom::AnonymousDenial, kind, times, now)) {
                due.push(held.denial.clone());
            }
            (held.denial.times, held.has_room, held.due) = (0, false, now + MINUTE);
            // Forgotten after a minute of silence.
            times > 0
        });
        due
    }

    fn has_room(&self, room: AuditRoom<'_>, kind: &'static str, times: u64, now: Timestamp) -> bool {
        let has_room = self.0.log.budget().admits(room, kind, times, now);
        if !has_room {
            self.0.dropped.inc_by(times);
        }
        has_room
    }

    fn lose(&self, kind: &'static str, times: u64) {
        self.0.log.budget().lost(kind, times);
        self.0.dropped.inc_by(times);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn add(&mut self, refused: &Refused<'_>, at: Timestamp, request_id: Id) {
        if self.denial.times == 0 {
            self.denial = refused.first(at, request_id);
        } else {
            self.denial.times += 1;
        }
    }
}

impl Refused<'_> {
    /// All of it in one piece, each part with its length: hashed at one go.
    fn key<'key>(&self, key: &'key mut Vec<u8>) -> &'key [u8] {
        key.clear();
        let address = self.address.bucket().to_ne_bytes();
        let principal = self.principal.map_or(NOBODY, str::as_bytes);
        for part in [self.kind.as_bytes(), self.reason.as_bytes(), &address, principal, self.method.as_bytes(), self.route.as_bytes()] {
            key.extend_from_slice(&part.len().to_ne_bytes());
            key.extend_from_slice(part);
        }
        key
    }

    fn first(&self, at: Timestamp, request_id: Id) -> Denial {
        Denial {
            at,
            kind: self.kind,
            reason: self.reason,
            // An issuer elsewhere may give longer names than ours: cut, as in the log.
            principal: self.principal.map(|principal| principal.chars().take(LONGEST_PRINCIPAL).collect()),
            address: self.address.ip().to_string(),
            request_id,
            endpoint: format!("{} {}", self.method, self.route),
            times: 1,
        }
    }
}

/// The name of a standard method; any other is a client's own text.
pub(crate) fn known_method(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

impl fmt::Debug for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Denials")
    }
}

thread_local! {
    /// A key in the making, used again by the next one.
    static KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// [RFC 9110 section 9](https://www.rfc-editor.org/rfc/rfc9110#section-9), and PATCH.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
/// Is no name, since it isn't UTF-8.
const NOBODY: &[u8] = &[0xff];
/// Different denials of callers, and of anonymous clients, that wait at the same time.
const MOST: usize = 4096;
const LONGEST_PRINCIPAL: usize = 128;
const BATCH: usize = 256;
const EVERY: Duration = Duration::from_millis(250);
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
