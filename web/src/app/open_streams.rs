//! Answers that go on after their request: event streams, long downloads, open sockets, upgraded connections of raw routers.
//!
//! Let through: a stream whose credential still stands and whose policy still lets its caller pass. Ended: every other one, within a
//! tenth of a second after this process learns of the revocation. A stream is looked at again when its caller's stamp changes, when its
//! credential ends, and when the lease of what is remembered has run out; only then is anything asked of the database. A stream that can't
//! be judged in time is ended. Endpoints whose policy lets everybody pass are exempt.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::Uri;
use portcullis_core::{Clock, Revocations, Steady, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::authn::Known;
use crate::authz::Guard;

/// The end of a stream: its holder keeps it, and hears when the stream has to end.
#[derive(Clone, Default)]
pub(crate) struct Ending(Arc<CancellationToken>);

/// What a stream was opened with.
pub(super) struct Opened {
    pub(super) guard: Guard,
    /// Where the object is named, for a policy that asks one.
    pub(super) uri: Option<Uri>,
    /// When the request came: a log-in that was fresh then stays fresh for the stream.
    pub(super) at: Timestamp,
    known: Mutex<(Arc<Known>, Steady)>,
    is_judged: AtomicBool,
}

/// The streams that are open, of callers who had to be let in.
#[derive(Default)]
pub(super) struct OpenStreams {
    entries: Mutex<Vec<(Weak<CancellationToken>, Arc<Opened>)>>,
    opened: Notify,
}

/// Judges a stream's caller anew.
pub(super) trait Judge: Send + Sync + 'static {
    /// The credential as it stands now; `None` when the stream has to end.
    fn judge(&self, opened: &Opened) -> impl Future<Output = Option<Arc<Known>>> + Send;
}

impl Ending {
    /// Whether the stream has to end.
    pub(crate) fn has_come(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves when the stream has to end.
    pub(crate) fn comes(&self) -> WaitForCancellationFutureOwned {
        CancellationToken::clone(&self.0).cancelled_owned()
    }
}

impl Opened {
    pub(super) fn new(guard: Guard, uri: Option<Uri>, at: Timestamp, known: Arc<Known>) -> Self {
        Self { guard, uri, at, known: Mutex::new((known, Steady::NEVER)), is_judged: AtomicBool::new(false) }
    }

    /// The credential as it was judged last.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.lock().0)
    }

    /// Whether something may have been taken away from the caller since it was judged last.
    fn is_due(&self, revocations: &Revocations, now: Timestamp, steady: Steady) -> bool {
        let judged = self.lock();
        // The lease comes before the stamp: see `Revocations::is_leased`.
        let is_recent = revocations.is_leased(steady) || steady < judged.1;
        !is_recent || !judged.0.is_good(revocations, now)
    }

    fn lock(&self) -> MutexGuard<'_, (Arc<Known>, Steady)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStreams {
    /// Ends this stream when its caller may no longer have it.
    pub(super) fn add(&self, ending: &Ending, opened: Opened) {
        self.entries().push((Arc::downgrade(&ending.0), Arc::new(opened)));
        self.opened.notify_one();
    }

    /// Looks after the open streams for as long as there is a judge.
    pub(super) async fn look_after<J: Judge>(self: Arc<Self>, judge: Weak<J>, revocations: Revocations, clock: Clock) {
        loop {
            if self.entries().is_empty() {
                self.opened.notified().await;
            }
            tokio::time::sleep(EVERY).await;
            let due = self.due(&revocations, clock.now(), clock.steady());
            if due.is_empty() {
                continue;
            }
            let Some(judge) = judge.upgrade() else { return };
            // Beside the looks: a slow database doesn't delay the end of other streams.
            tokio::spawn(judge_all(judge, due, clock.clone()));
        }
    }

    fn due(&self, revocations: &Revocations, now: Timestamp, steady: Steady) -> Vec<(Ending, Arc<Opened>)> {
        let mut due = Vec::new();
        self.entries().retain(|(ending, opened)| {
            let Some(ending) = ending.upgrade().filter(|ending| !ending.is_cancelled()) else { return false };
            if opened.is_due(revocations, now, steady) && !opened.is_judged.swap(true, Ordering::AcqRel) {
                due.push((Ending(ending), Arc::clone(opened)));
            }
            true
        });
        due
    }

    fn entries(&self) -> MutexGuard<'_, Vec<(Weak<CancellationToken>, Arc<Opened>)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn judge_all<J: Judge>(judge: Arc<J>, due: Vec<(Ending, Arc<Opened>)>, clock: Clock) {
    let deadline = Instant::now() + JUDGED_WITHIN;
    let judge = &*judge;
    let clock = &clock;
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |(ending, opened)| async move {
            let until = clock.steady() + JUDGED_WITHIN;
            match timeout_at(deadline, judge.judge(&opened)).await.ok().flatten() {
                Some(known) => {
                    *opened.lock() = (known, until);
                    opened.is_judged.store(false, Ordering::Release);
                }
                None => ending.0.cancel(),
            }
        })
        .await;
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ending({})", self.has_come())
    }
}

/// How often the streams are looked at, in memory alone.
const EVERY: Duration = Duration::from_millis(100);
/// How long a verdict may take, and how long it counts while the lease has run out.
const JUDGED_WITHIN: Duration = Duration::from_secs(2);
/// How many streams are judged at the same time: not so many that requests wait for a connection to the database.
const AT_ONCE: usize = 4;
