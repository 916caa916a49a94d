use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::connection::Fault;
use super::measurements::{Measurements, Sample};
use super::operation::Kind;
use super::outcome::{Expectations, Outcome};
use super::pool::Pool;
use super::rehearsal::Operations;
use super::scenario::Timetable;
use super::users::{User, access_token};

/// What all requests of a load share.
pub(super) struct Shared {
    pub(super) users: Vec<Arc<User>>,
    pub(super) operations: Operations,
    pub(super) expectations: Expectations,
    pub(super) timeout: Duration,
    pub(super) measurements: Mutex<Measurements>,
    pub(super) began: Instant,
    /// No further request goes out.
    pub(super) stop: CancellationToken,
    /// Answers are no longer awaited.
    pub(super) abort: CancellationToken,
}

/// One timetable on its way: a clock says how many requests are due, workers send them.
///
/// The clock is a thread, because the timer of tokio ticks in milliseconds, more than many an answer takes.
pub(super) struct Flow {
    timetable: Timetable,
    pool: Pool,
    due: Semaphore,
    released: AtomicU64,
    taken: AtomicU64,
    shared: Arc<Shared>,
}

impl Flow {
    pub(super) fn new(timetable: Timetable, pool: Pool, shared: Arc<Shared>) -> Self {
        Self { timetable, pool, due: Semaphore::new(0), released: AtomicU64::new(0), taken: AtomicU64::new(0), shared }
    }

    pub(super) fn workers(&self) -> usize {
        self.timetable.in_flight
    }

    /// Lets requests go when they are due. Blocks.
    pub(super) fn keep_time(&self) {
        let mut released = 0;
        while released < self.timetable.requests && !self.shared.stop.is_cancelled() {
            let elapsed = self.shared.began.elapsed();
            let due = self.due_by(elapsed);
            let more = due.saturating_sub(released);
            self.due.add_permits(usize::try_from(more).unwrap_or(0));
            released += more;
            self.released.store(released, Ordering::Release);
            let next = self.due_at(released).saturating_sub(self.shared.began.elapsed());
            // Never so long that a stop goes unnoticed.
            std::thread::sleep(next.min(NOTICE));
        }
        // Each worker finds nothing left, and ends.
        self.due.add_permits(self.timetable.in_flight);
    }

    /// Sends requests until none are left.
    pub(super) async fn work(&self) {
        loop {
            let permit = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return,
                permit = self.due.acquire() => permit,
            };
            let Ok(permit) = permit else { return };
            permit.forget();
            let number = self.taken.fetch_add(1, Ordering::AcqRel);
            if number >= self.timetable.requests {
                self.taken.fetch_sub(1, Ordering::AcqRel);
                return;
            }
            self.request(number).await;
        }
    }

    /// Counts what was due and has never been sent; to be called when all workers have ended.
    pub(super) fn account_for_the_rest(&self) {
        let now = self.shared.began.elapsed();
        for number in self.taken.load(Ordering::Acquire)..self.released.load(Ordering::Acquire) {
            let waited = now.saturating_sub(self.due_at(number));
            self.record(number, Outcome::NeverSent, waited, waited, None);
        }
    }

    async fn request(&self, number: u64) {
        let shared = &self.shared;
        let due = self.due_at(number);
        let Some(user) = self.user(number) else { return };
        let kind = self.kind(number);
        let request = shared.operations.of(kind).request(user);
        let keep = if kind == Kind::LogIn { TOKENS } else { 0 };
        let delay = shared.began.elapsed().saturating_sub(due);
        let (mut retry_after, mut logged_in) = (None, None);
        let outcome = tokio::select! {
            biased;
            () = shared.abort.cancelled() => Outcome::Interrupted,
            answer = tokio::time::timeout(shared.timeout, self.pool.exchange(request, keep)) => match answer {
                Ok(Ok(answer)) => {
                    retry_after = answer.retry_after();
                    logged_in = (keep > 0 && answer.status == StatusCode::OK).then_some(answer.body);
                    Outcome::Status(answer.status.as_u16())
                }
                Ok(Err(Fault::Unreachable(_))) => Outcome::Unreachable,
                Ok(Err(Fault::Unsent(_) | Fault::Broken)) => Outcome::Broken,
                Err(_) => Outcome::TimedOut,
            },
        };
        let latency = shared.began.elapsed().saturating_sub(due);
        self.record(number, outcome, delay, latency, retry_after);
        // The service ends a user's oldest sessions when too many begin: further requests bear the newest token.
        if let Some(token) = logged_in.as_deref().and_then(access_token) {
            // What cannot stand in a header is no token; the present one stays.
            let _ = user.bear(&token);
        }
    }

    fn record(&self, number: u64, outcome: Outcome, delay: Duration, latency: Duration, retry_after: Option<u64>) {
        let (kind, due) = (self.kind(number), self.due_at(number));
        let judgement = self.shared.expectations.judge(kind, outcome);
        // What comes all at once can't all go out at once.
        let delay = self.timetable.rate.map(|_| delay);
        let sample = Sample { kind, outcome, judgement, due, delay, latency, retry_after };
        self.shared.measurements.lock().unwrap_or_else(PoisonError::into_inner).record(&sample);
    }

    fn kind(&self, number: u64) -> Kind {
        let pattern = &self.timetable.pattern;
        nth(pattern, number).copied().unwrap_or(Kind::Read)
    }

    /// Users take turns. Each round of a pattern begins with the next user, so that nobody gets all of a kind.
    fn user(&self, number: u64) -> Option<&User> {
        let length = u64::try_from(self.timetable.pattern.len()).unwrap_or(1).max(1);
        let shift = if length == 1 { 0 } else { number / length };
        nth(&self.shared.users, number + shift).map(AsRef::as_ref)
    }

    fn due_at(&self, number: u64) -> Duration {
        self.timetable.rate.map_or(Duration::ZERO, |rate| rate.due_at(number))
    }

    /// How many requests are due by then.
    fn due_by(&self, elapsed: Duration) -> u64 {
        let requests = self.timetable.requests;
        self.timetable.rate.map_or(requests, |rate| rate.due_by(elapsed).min(requests))
    }
}

fn nth<T>(all: &[T], number: u64) -> Option<&T> {
    let length = u64::try_from(all.len()).ok()?.max(1);
    all.get(usize::try_from(number % length).ok()?)
}

/// How much is kept of the answer to a log-in.
const TOKENS: usize = 64 * 1024;
const NOTICE: Duration = Duration::from_millis(100);
