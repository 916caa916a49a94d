use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::{Id, Timestamp};
use prometheus_client::metrics::counter::Counter;

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
    /// The client's address.
    pub address: String,
    /// The identifier of the first request.
    pub request_id: Id,
    /// The method and the route's template.
    pub endpoint: String,
    /// How many there were.
    pub times: u64,
}

/// What denials have in common that are kept as one.
pub(crate) struct Refused<'a> {
    pub(crate) kind: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) principal: Option<&'a str>,
    pub(crate) address: IpAddr,
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
}

/// Keeps denials in the audit log.
pub trait DenialLog: Send + Sync + 'static {
    /// Writes a batch in one transaction.
    fn write<'a>(&'a self, batch: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Takes denials from requests without ever making one wait; they are written four times a second.
///
/// A storm of refusals must neither starve the one writer of the database nor fill the audit log: those that are alike become one entry
/// with their number. What is different, but more than there is room for, is counted and dropped; the log line of each request is written
/// all the same.
#[derive(Clone)]
pub(crate) struct Denials {
    waiting: Arc<Mutex<HashMap<u64, Denial>>>,
    hasher: RandomState,
    dropped: Counter,
}

impl Denials {
    /// Writes to this log until the service ends.
    pub(crate) fn start(log: Arc<dyn DenialLog>, dropped: Counter, spawner: &Spawner) -> Self {
        let denials = Self::new(dropped);
        let (ending, waiting) = (spawner.shutdown_begins(), denials.clone());
        spawner.spawn(async move {
            tokio::pin!(ending);
            loop {
                let ends = tokio::select! {
                    () = &mut ending => true,
                    () = tokio::time::sleep(EVERY) => false,
                };
                waiting.write(&*log).await;
                if ends {
                    break;
                }
            }
        });
        denials
    }

    fn new(dropped: Counter) -> Self {
        Self { waiting: Arc::default(), hasher: RandomState::new(), dropped }
    }

    /// Adds one.
    pub(crate) fn note(&self, refused: &Refused<'_>, at: Timestamp, request_id: Id) {
        // Nobody outside can foresee these 64 bits, let alone bring two of a few thousand together.
        let key = KEY.with_borrow_mut(|key| self.hasher.hash_one(refused.key(key)));
        let mut waiting = self.waiting();
        let has_room = waiting.len() < MOST;
        match waiting.get_mut(&key) {
            Some(denial) => denial.times += 1,
            None if has_room => drop(waiting.insert(key, refused.first(at, request_id))),
            None => drop(self.dropped.inc()),
        }
    }

    async fn write(&self, log: &dyn DenialLog) {
        let mut denials: Vec<Denial> = std::mem::take(&mut *self.waiting()).into_values().collect();
        denials.sort_unstable_by_key(|denial| (denial.at, denial.request_id));
        for batch in denials.chunks(BATCH) {
            if let Err(error) = log.write(batch).await {
                tracing::error!(error, lost = batch.len(), "denials could not be written to the audit log");
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Denial>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refused<'_> {
    /// All of it in one piece, each part with its length: hashed at one go.
    fn key<'key>(&self, key: &'key mut Vec<u8>) -> &'key [u8] {
        key.clear();
        let (v4, v6);
        let address: &[u8] = match self.address {
            IpAddr::V4(address) => {
                v4 = address.octets();
                &v4
            }
            IpAddr::V6(address) => {
                v6 = address.octets();
                &v6
            }
        };
        let principal = self.principal.map_or(NOBODY, str::as_bytes);
        for part in [self.kind.as_bytes(), self.reason.as_bytes(), address, principal, self.method.as_bytes(), self.route.as_bytes()] {
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
            principal: self.principal.map(str::to_owned),
            address: self.address.to_string(),
            request_id,
            // A client may send a method of many thousand letters: it is cut, as in the log.
            endpoint: format!("{:.16} {}", self.method, self.route),
            times: 1,
        }
    }
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

/// Is no name, since it isn't UTF-8.
const NOBODY: &[u8] = &[0xff];
/// Different denials that wait at the same time.
const MOST: usize = 4096;
const BATCH: usize = 256;
const EVERY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Written(Mutex<Vec<Denial>>);

    impl DenialLog for Written {
        fn write<'a>(&'a self, batch: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
            self.0.lock().unwrap().extend_from_slice(batch);
            Box::pin(async { Ok(()) })
        }
    }

    fn refused<'a>(last: u32, method: &'a str, principal: Option<&'a str>) -> Refused<'a> {
        let address = std::net::Ipv4Addr::from_bits(last).into();
        Refused { kind: "authz_fail", reason: "policy", principal, address, method, route: "/notes" }
    }

    fn note(denials: &Denials, second: i64, refused: &Refused<'_>) {
        let at = Timestamp::from_seconds(second);
        denials.note(refused, at, Id::new(at));
    }

    async fn written(denials: &Denials) -> Vec<Denial> {
        let log = Written::default();
        denials.write(&log).await;
        log.0.into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_storm_of_one_kind_is_one_entry_with_its_number_and_nothing_else_joins_it() {
        let denials = Denials::new(Counter::default());
        for second in 0..10_000 {
            note(&denials, second, &refused(1, "GET", Some("ann")));
        }
        note(&denials, 20_000, &refused(1, "GET", Some("bob")));
        note(&denials, 20_001, &refused(1, "GET", None));
        note(&denials, 20_002, &refused(1, "PUT", Some("ann")));
        note(&denials, 20_003, &refused(2, "GET", Some("ann")));
        // The same letters, parted elsewhere.
        note(&denials, 20_004, &Refused { principal: Some("annG"), method: "ET", ..refused(1, "", None) });
        let written = written(&denials).await;
        let times: Vec<u64> = written.iter().map(|denial| denial.times).collect();
        assert_eq!(times, [10_000, 1, 1, 1, 1, 1]);
        assert_eq!((written[0].at, written[0].endpoint.as_str()), (Timestamp::from_seconds(0), "GET /notes"));
        assert!(self::written(&denials).await.is_empty(), "nothing is written twice");
    }

    #[tokio::test]
    async fn more_kinds_than_there_is_room_for_are_counted() {
        let dropped = Counter::default();
        let denials = Denials::new(dropped.clone());
        for address in 0..5000 {
            note(&denials, 1, &refused(address, "GET", None));
        }
        note(&denials, 2, &refused(0, "GET", None));
        assert_eq!(dropped.get(), 5000 - MOST as u64);
        let written = written(&denials).await;
        assert_eq!((written.len(), written.iter().map(|denial| denial.times).sum::<u64>()), (MOST, MOST as u64 + 1));
    }

    #[tokio::test]
    async fn a_long_method_does_not_fill_the_audit_log() {
        let denials = Denials::new(Counter::default());
        note(&denials, 1, &refused(1, &"X".repeat(10_000), None));
        assert_eq!(written(&denials).await[0].endpoint, format!("{} /notes", "X".repeat(16)));
    }
}
