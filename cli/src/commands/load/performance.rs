use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portcullis::Failure;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::connection::Connector;
use super::flow::{Flow, Shared};
use super::interrupt::Interrupt;
use super::measurements::Measurements;
use super::outcome::Expectations;
use super::pool::Pool;
use super::progress::Progress;
use super::rehearsal::{Operations, Rehearsal};
use super::scenario::Timetable;
use super::users::User;

/// A load that is ready to begin.
pub(super) struct Plan {
    pub(super) connector: Connector,
    pub(super) timetables: Vec<Timetable>,
    pub(super) time: Duration,
    pub(super) timeout: Duration,
    pub(super) users: Vec<Arc<User>>,
    /// How long the users' tokens last.
    pub(super) tokens_last: Duration,
    pub(super) operations: Operations,
    pub(super) expectations: Expectations,
}

/// A load that is over.
pub(super) struct Performed {
    pub(super) measurements: Measurements,
    pub(super) elapsed: Duration,
    pub(super) is_interrupted: bool,
}

impl Plan {
    /// Loads the service.
    pub(super) async fn perform(self, rehearsal: Rehearsal, interrupt: &mut Interrupt, progress: &Progress) -> Result<Performed, Failure> {
        let pools = tokio::select! {
            pools = self.pools() => pools?,
            () = interrupt.wait() => return Err(Failure::new(BEFORE)),
        };
        let shared = Arc::new(Shared {
            users: self.users,
            operations: self.operations,
            expectations: self.expectations,
            timeout: self.timeout,
            measurements: Mutex::new(Measurements::new(self.time).map_err(Failure::new)?),
            began: Instant::now(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        });
        let _renewal = AbortOnDropHandle::new(tokio::spawn(renew(rehearsal, Arc::clone(&shared), self.tokens_last)));
        let workers = TaskTracker::new();
        let mut flows = Vec::new();
        for (timetable, pool) in self.timetables.into_iter().zip(pools) {
            let flow = Arc::new(Flow::new(timetable, pool, Arc::clone(&shared)));
            for _ in 0..flow.workers() {
                let flow = Arc::clone(&flow);
                workers.spawn(async move { flow.work().await });
            }
            let clock = Arc::clone(&flow);
            workers.spawn_blocking(move || clock.keep_time());
            flows.push(flow);
        }
        workers.close();
        let is_interrupted = tokio::select! {
            is_interrupted = conduct(&shared, &workers, self.time, interrupt) => is_interrupted,
            () = progress.follow(&shared, self.time) => false,
        };
        for flow in flows {
            flow.account_for_the_rest();
        }
        let measurements = shared.measurements.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Performed { measurements, elapsed: shared.began.elapsed(), is_interrupted })
    }

    /// A pool for each timetable, so that a storm doesn't take the connections of the rest. Whoever comes all at once is connected before.
    async fn pools(&self) -> Result<Vec<Pool>, Failure> {
        let mut pools = Vec::new();
        for timetable in &self.timetables {
            let pool = Pool::new(self.connector.clone());
            if timetable.rate.is_none() {
                let cannot = |fault| Failure::new(format!("cannot open {} connections: {fault}; lower --log-ins", timetable.in_flight));
                pool.open(timetable.in_flight, self.timeout).await.map_err(cannot)?;
            }
            pools.push(pool);
        }
        Ok(pools)
    }
}

/// Waits for the end of the load; says whether it was interrupted.
async fn conduct(shared: &Shared, workers: &TaskTracker, time: Duration, interrupt: &mut Interrupt) -> bool {
    // What is still due then, the service couldn't take.
    let latest = tokio::time::sleep((time + shared.timeout).saturating_sub(shared.began.elapsed()));
    let is_interrupted = tokio::select! {
        () = workers.wait() => return false,
        () = latest => false,
        () = interrupt.wait() => true,
    };
    shared.stop.cancel();
    let patience = if is_interrupted { PATIENCE.min(shared.timeout) } else { shared.timeout };
    tokio::select! {
        () = workers.wait() => {}
        () = tokio::time::sleep(patience) => {}
        () = interrupt.wait() => {}
    }
    shared.abort.cancel();
    workers.wait().await;
    is_interrupted
}

/// Logs the users in again before their tokens end.
async fn renew(rehearsal: Rehearsal, shared: Arc<Shared>, mut tokens_last: Duration) {
    while let Some(rest) = tokens_last.checked_sub(tokens_last / 5).filter(|rest| *rest < LONGEST) {
        tokio::time::sleep(rest.max(SHORTEST)).await;
        // Whoever can't log in again gets 401 from now on, and the report shows it.
        tokens_last = rehearsal.log_in(&shared.users, &Progress::none()).await.unwrap_or(tokens_last);
    }
}

/// What an interrupted load says that hasn't begun.
pub(super) const BEFORE: &str = "interrupted before the load began";
const PATIENCE: Duration = Duration::from_secs(2);
/// A service whose tokens end at once isn't asked for new ones without end.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(86_400);
