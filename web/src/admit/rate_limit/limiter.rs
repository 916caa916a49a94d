use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use portcullis_core::Timestamp;

use super::quota::Quota;
use super::verdict::{Policy, Verdict};

type States = HashMapStateStore<u64, BuildHasherDefault<Spread>>;
type Keyed = governor::RateLimiter<u64, States, Given, StateInformationMiddleware>;

/// One quota over many keys.
pub(super) struct Limiter {
    shards: Vec<Shard>,
    policy: &'static Policy,
}

struct Shard {
    own: Keyed,
    shared: Keyed,
    is_full: AtomicBool,
    checks: AtomicU32,
}

/// The keys are hashes already, with a secret of ours: they only have to reach all bits of the table's index.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = (self.0 ^ key).wrapping_mul(GOLDEN);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The moment of the request as governor's clock, which it would ask several times for each.
#[derive(Clone, Copy, Debug)]
struct Given;

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

impl Given {
    /// Until the next time is given, it is this moment on this thread.
    fn set(now: Timestamp) {
        NOW.set(Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0)));
    }
}

impl GovernorClock for Given {
    type Instant = Duration;
    fn now(&self) -> Duration {
        NOW.get()
    }
}

impl Limiter {
    /// A limiter of this quota; `None` when it is off.
    pub(super) fn new(name: &'static str, quota: Quota, now: Timestamp) -> Option<Self> {
        let (requests, period) = quota.limit()?;
        let rate = governor::Quota::with_period(period / requests.get())?.allow_burst(requests);
        Given::set(now);
        let keyed = || Keyed::new(rate, States::default(), Given);
        let shards =
            (0..SHARDS).map(|_| Shard { own: keyed(), shared: keyed(), is_full: AtomicBool::new(false), checks: AtomicU32::new(0) });
        Some(Self { shards: shards.collect(), policy: Policy::new(name, requests.get(), period) })
    }

    /// Counts one request of this key.
    pub(super) fn check(&self, key: u64, now: Timestamp) -> Verdict {
        Given::set(now);
        let place = usize::try_from(key >> 32).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(place) else { return Verdict::refused(self.policy, Duration::ZERO) };
        shard.tidy();
        let outcome =
            if shard.is_full.load(Ordering::Relaxed) { shard.shared.check_key(&(key % SHARED_KEYS)) } else { shard.own.check_key(&key) };
        match outcome {
            Ok(state) => Verdict::allowed(self.policy, state.remaining_burst_capacity()),
            Err(not_until) => Verdict::refused(self.policy, not_until.wait_time_from(Given.now())),
        }
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.own.len() + shard.shared.len()).sum()
    }
}

impl Shard {
    /// Now and then: lets go of keys whose quota is whole again, and decides whether keys have to share.
    fn tidy(&self) {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks % TIDY_EVERY != TIDY_EVERY - 1 {
            return;
        }
        let keys = self.own.len();
        if keys >= OWN_KEYS / 2 {
            self.own.retain_recent();
            self.is_full.store(self.own.len() >= OWN_KEYS, Ordering::Relaxed);
        }
        if !self.shared.is_empty() && !self.is_full.load(Ordering::Relaxed) {
            self.shared.retain_recent();
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({:?})", self.policy)
    }
}

/// 2^64 by the golden ratio, odd: neighbouring keys come far apart (Knuth, The Art of Computer Programming, section 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const SHARDS: usize = 16;
/// Keys of one shard that have a bucket of their own.
const OWN_KEYS: usize = 8192;
/// Buckets that the keys of a full shard share.
const SHARED_KEYS: u64 = 4096;
const TIDY_EVERY: u32 = 1024;
