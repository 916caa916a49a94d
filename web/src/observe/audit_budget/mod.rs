//! How many rows of the audit log others can cause.
//!
//! Let through: in any hour at most 3,000 rows that anonymous clients cause, with an allowance for each kind of event, so that noise never
//! takes the room of failed log-ins, lock-outs, token reuse and registrations. Each signed-in caller has allowances of their own; what
//! administrators do always has room. Refused: everything else. It is counted in a metric and, once a minute, in a row of the audit log
//! that says how many events of which kind have no row. The numbers are those of one process, whatever addresses and names are used.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::metrics::Label;
use super::pace::{Pace, Used};

/// The allowance that a row of the audit log is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuditRoom<'a> {
    /// A refusal of somebody who isn't signed in.
    AnonymousDenial,
    /// A failed log-in, whether the name is somebody's or nobody's.
    LogInFailure,
    /// A failed log-in that made the next one wait.
    LockOut,
    /// A credential that was used twice.
    TokenReuse,
    /// An account that a stranger made.
    Registration,
    /// A refusal of this signed-in caller.
    Denial(&'a str),
    /// What this user did with their own account.
    Own(&'a str),
    /// A new password that this user chose. Nothing else that they do takes its room.
    OwnPassword(&'a str),
    /// What an administrator or the service did.
    Administration,
}

/// Decides which events become rows, and counts the others. Cheap to clone.
#[derive(Clone)]
pub struct AuditBudget(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    hasher: RandomState,
    dropped: Family<Label, Counter>,
}

#[derive(Default)]
struct State {
    anonymous: [Used; ANONYMOUS.len()],
    callers: HashMap<u64, Caller>,
    /// Refusals of all signed-in callers beyond what each has for certain.
    shared: Used,
    /// The same for what all users did with their own accounts.
    shared_own: Used,
    tidied_at: Timestamp,
    /// Events without a row, by kind.
    dropped: Vec<Dropped>,
    summarized_at: Option<Timestamp>,
}

/// Events of one kind without a row.
struct Dropped {
    kind: &'static str,
    since_summary: u64,
    counter: Counter,
}

#[derive(Default)]
struct Caller {
    certain: Used,
    denials: Used,
    certain_own: Used,
    own: Used,
    passwords: Used,
}

/// Events that have no row of their own in the audit log.
#[derive(Clone, Debug)]
pub struct DroppedEvents {
    /// When they were summed up.
    pub at: Timestamp,
    /// How many of each kind.
    pub kinds: Vec<(&'static str, u64)>,
}

impl AuditBudget {
    /// An audit log that has all its room.
    #[must_use]
    pub fn new() -> Self {
        let dropped = Family::<Label, Counter>::default();
        // There from the start, so that an alert sees the first one as an increase.
        for kind in COMMON {
            drop(dropped.get_or_create_owned(&[("kind", kind)]));
        }
        Self(Arc::new(Inner { state: Mutex::default(), hasher: RandomState::new(), dropped }))
    }

    /// Whether there is room for a row that stands for so many events of a kind; counts them when there isn't.
    #[must_use]
    pub fn admits(&self, room: AuditRoom<'_>, kind: &'static str, events: u64, now: Timestamp) -> bool {
        let mut state = self.state();
        let is_admitted = match room {
            AuditRoom::AnonymousDenial => state.take(0, now),
            AuditRoom::LogInFailure => state.take(1, now),
            AuditRoom::LockOut => state.take(2, now),
            AuditRoom::TokenReuse => state.take(3, now),
            AuditRoom::Registration => state.take(4, now),
            AuditRoom::Denial(subject) => state.take_denial(self.0.hasher.hash_one(subject), now),
            AuditRoom::Own(subject) => state.take_own(self.0.hasher.hash_one(subject), now),
            AuditRoom::OwnPassword(subject) => OWN_PASSWORDS.take(&mut state.caller(self.0.hasher.hash_one(subject), now).passwords, now),
            AuditRoom::Administration => true,
        };
        if !is_admitted {
            self.count(&mut state, kind, events);
        }
        is_admitted
    }

    /// Counts events that had room but could not be written.
    pub(crate) fn lost(&self, kind: &'static str, events: u64) {
        self.count(&mut self.state(), kind, events);
    }

    /// What was dropped since the last summary; none within a minute of that one, unless the service ends.
    pub(crate) fn summary(&self, now: Timestamp, is_ending: bool) -> Option<DroppedEvents> {
        let mut state = self.state();
        let is_early = state.summarized_at.is_some_and(|at| now.since(at) < SUMMARY_EVERY && now >= at);
        if is_early && !is_ending {
            return None;
        }
        let kinds: Vec<_> = state
            .dropped
            .iter_mut()
            .map(|dropped| (dropped.kind, std::mem::take(&mut dropped.since_summary)))
            .filter(|(_, events)| *events > 0)
            .collect();
        if kinds.is_empty() {
            return None;
        }
        state.summarized_at = Some(now);
        Some(DroppedEvents { at: now, kinds })
    }

    /// Takes a summary back that could not be written.
    pub(crate) fn take_back(&self, summary: &DroppedEvents) {
        let mut state = self.state();
        for dropped in &mut state.dropped {
            let events = summary.kinds.iter().find(|(kind, _)| *kind == dropped.kind);
            dropped.since_summary += events.map_or(0, |(_, events)| *events);
        }
    }

    /// The metric of dropped events, by kind.
    pub(super) fn dropped(&self) -> Family<Label, Counter> {
        self.0.dropped.clone()
    }

    fn count(&self, state: &mut State, kind: &'static str, events: u64) {
        let place = state.dropped.iter().position(|dropped| dropped.kind == kind).unwrap_or_else(|| {
            let counter = self.0.dropped.get_or_create_owned(&[("kind", kind)]);
            state.dropped.push(Dropped { kind, since_summary: 0, counter });
            state.dropped.len() - 1
        });
        if let Some(dropped) = state.dropped.get_mut(place) {
            dropped.since_summary += events;
            dropped.counter.inc_by(events);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, place: usize, now: Timestamp) -> bool {
        let (pace, used) = (ANONYMOUS.get(place), self.anonymous.get_mut(place));
        pace.zip(used).is_some_and(|(pace, used)| pace.take(used, now))
    }

    /// Everybody has a few for certain, however many accounts somebody else made to use up the rest.
    fn take_denial(&mut self, key: u64, now: Timestamp) -> bool {
        let mut shared = self.shared;
        let caller = self.caller(key, now);
        let is_admitted =
            DENIALS.take(&mut caller.denials, now) && (CERTAIN.take(&mut caller.certain, now) || SHARED.take(&mut shared, now));
        self.shared = shared;
        is_admitted
    }

    /// The same for what users do with their own accounts: whoever registers many still fills a bounded part of the log.
    fn take_own(&mut self, key: u64, now: Timestamp) -> bool {
        let mut shared = self.shared_own;
        let caller = self.caller(key, now);
        let is_admitted =
            OWN.take(&mut caller.own, now) && (CERTAIN_OWN.take(&mut caller.certain_own, now) || SHARED_OWN.take(&mut shared, now));
        self.shared_own = shared;
        is_admitted
    }

    /// The allowances of a caller. Above a bound, callers whose keys aren't known share a fixed number of them.
    fn caller(&mut self, key: u64, now: Timestamp) -> &mut Caller {
        if self.callers.len() >= MOST_CALLERS && !self.callers.contains_key(&key) {
            if now.since(self.tidied_at) >= TIDY_EVERY {
                self.tidied_at = now;
                self.callers.retain(|_, caller| !caller.is_whole(now));
            }
            if self.callers.len() >= MOST_CALLERS {
                return self.callers.entry(key % SHARED_CALLERS).or_default();
            }
        }
        self.callers.entry(key).or_default()
    }
}

impl Caller {
    fn is_whole(&self, now: Timestamp) -> bool {
        [self.certain, self.denials, self.certain_own, self.own, self.passwords].into_iter().all(|used| used.is_whole(now))
    }
}

impl Default for AuditBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for AuditBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditBudget")
    }
}

/// Refusals, failed log-ins, lock-outs, token reuse and registrations. Twice their sum and 61 summaries are fewer than 3,000 in any hour.
const ANONYMOUS: [Pace; 5] = [Pace::per_hour(400), Pace::per_hour(350), Pace::per_hour(150), Pace::per_hour(60), Pace::per_hour(500)];
/// The kinds that a flood has most of.
const COMMON: [&str; 5] = ["authn_login_fail", "authn_token_invalid", "authz_fail", "excess_rate_limit_exceeded", "malicious_csrf"];
const SUMMARY_EVERY: Duration = Duration::from_secs(60);
/// Refusals of one signed-in caller.
const DENIALS: Pace = Pace::per_hour(1200);
/// Those of them for which nobody else can take the room.
const CERTAIN: Pace = Pace::per_hour(120);
/// The other ones of all callers together.
const SHARED: Pace = Pace::per_hour(12_000);
/// Log-ins, refreshes, log-outs and changes of one user's own account.
const OWN: Pace = Pace::per_hour(1200);
/// Those of them for which nobody else can take the room.
const CERTAIN_OWN: Pace = Pace::per_hour(60);
/// The other ones of all users together.
const SHARED_OWN: Pace = Pace::per_hour(12_000);
/// New passwords of one user.
const OWN_PASSWORDS: Pace = Pace::per_hour(60);
const MOST_CALLERS: usize = 8192;
const SHARED_CALLERS: u64 = 1024;
const TIDY_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
