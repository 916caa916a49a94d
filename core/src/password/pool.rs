use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_channel::oneshot;

use super::cost::HashingCost;
use super::hash::{HashFailed, Hasher, PasswordHash, Verdict, of_nobody};
use super::queue::FairQueue;
use crate::Secret;

/// The threads that hash passwords: as many as were asked for, each with its own memory, behind one bounded fair queue.
///
/// The threads end when the last clone of the pool is dropped.
#[derive(Clone)]
pub struct HashingPool(Arc<Owner>);

impl HashingPool {
    /// Starts the threads. `queue` is how many requests may wait, `per_client` how many of one client.
    ///
    /// # Errors
    /// When the system gives no threads or no randomness.
    pub fn start(cost: HashingCost, threads: usize, queue: usize, per_client: usize) -> Result<Self, HashFailed> {
        let threads = threads.max(1);
        let nobody = of_nobody(cost)?;
        let shared =
            Arc::new(Shared { state: Mutex::new(State { queue: FairQueue::new(queue, per_client), closed: false }), wake: Condvar::new() });
        let owner = Owner { shared: Arc::clone(&shared), nobody, threads };
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work(&shared, Hasher::new(cost)))
                .map_err(HashFailed::new)?;
        }
        Ok(Self(Arc::new(owner)))
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Unhashed::Busy`] when too many wait already.
    pub async fn hash(&self, client: ClientKey, password: Secret) -> Result<PasswordHash, Unhashed> {
        let (reply, answer) = oneshot::channel();
        self.push(client, Job::Hash { password, reply })?;
        answer.await.map_err(|_| Unhashed::Failed(HashFailed::new("the hashing thread ended")))?.map_err(Unhashed::Failed)
    }

    /// Compares a password with a stored hash; `None`, for an account that does not exist, takes the same time and is wrong.
    ///
    /// # Errors
    /// [`Unhashed::Busy`] when too many wait already.
    pub async fn verify(&self, client: ClientKey, password: Secret, stored: Option<PasswordHash>) -> Result<Verdict, Unhashed> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.0.nobody.clone());
        let (reply, answer) = oneshot::channel();
        self.push(client, Job::Verify { password, stored, reply })?;
        let verdict = answer.await.map_err(|_| Unhashed::Failed(HashFailed::new("the hashing thread ended")))?;
        Ok(if exists { verdict } else { Verdict::Wrong })
    }

    fn push(&self, client: ClientKey, job: Job) -> Result<(), Busy> {
        let mut state = self.0.shared.lock();
        if state.queue.push(client.0, job).is_err() {
            let ahead = state.queue.len() / (self.0.threads * HASHES_PER_SECOND);
            return Err(Busy { retry_after: Duration::from_secs(1 + u64::try_from(ahead).unwrap_or(60).min(60)) });
        }
        drop(state);
        self.0.shared.wake.notify_one();
        Ok(())
    }
}

impl fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingPool").field("threads", &self.0.threads).field("waiting", &self.0.shared.lock().queue.len()).finish()
    }
}

/// Whose turn it is in the queue: one client address, an IPv6 one by its /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey(u128);

impl ClientKey {
    /// The key of a client address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u128::from(address.to_bits())),
            IpAddr::V6(address) => Self(address.to_bits() >> 64 << 64 | 1 << 63),
        }
    }

    /// The key of whoever has no address, such as the command line.
    #[must_use]
    pub const fn local() -> Self {
        Self(u128::MAX)
    }
}

/// Too many wait for a hash: try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hashing queue is full")]
pub struct Busy {
    /// When a new try has a chance.
    pub retry_after: Duration,
}

/// No hash came out.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unhashed {
    /// The queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Hashing failed.
    #[error(transparent)]
    Failed(HashFailed),
}

struct Owner {
    shared: Arc<Shared>,
    nobody: PasswordHash,
    threads: usize,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct State {
    queue: FairQueue<Job>,
    closed: bool,
}

enum Job {
    Hash { password: Secret, reply: oneshot::Sender<Result<PasswordHash, HashFailed>> },
    Verify { password: Secret, stored: PasswordHash, reply: oneshot::Sender<Verdict> },
}

fn work(shared: &Shared, mut hasher: Hasher) {
    step_back();
    while let Some(job) = next(shared, &mut hasher) {
        // Whoever went away while waiting costs nothing.
        match job {
            Job::Hash { password, reply } if !reply.is_canceled() => {
                let _ = reply.send(hasher.hash(password.expose()));
            }
            Job::Verify { password, stored, reply } if !reply.is_canceled() => {
                let _ = reply.send(hasher.verify(password.expose(), &stored));
            }
            Job::Hash { .. } | Job::Verify { .. } => {}
        }
    }
}

/// Lets every other thread go first: hashes are a handful of milliseconds long, and nobody else is to wait for their end.
///
/// Linux alone has priorities of single threads; elsewhere, and where the system refuses, hashing goes on as before.
fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Waits for a job. A thread that waits for long gives its memory back.
fn next(shared: &Shared, hasher: &mut Hasher) -> Option<Job> {
    let mut state = shared.lock();
    loop {
        if state.closed {
            return None;
        }
        if let Some(job) = state.queue.pop() {
            return Some(job);
        }
        if hasher.is_at_rest() {
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let (waited, outcome) = shared.wake.wait_timeout(state, REST_AFTER).unwrap_or_else(PoisonError::into_inner);
        state = waited;
        if outcome.timed_out() {
            hasher.rest();
        }
    }
}

/// Long enough that nobody who logs in now and then pays for new memory twice a minute, short enough that a storm leaves nothing behind.
const REST_AFTER: Duration = Duration::from_secs(5);

/// A tenth of the weight of another thread where both want the same core, all of a core that nobody else wants.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What one thread does in a second at the default cost, roughly; only the `Retry-After` estimate uses it.
const HASHES_PER_SECOND: usize = 60;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn client(text: &str) -> ClientKey {
        ClientKey::of(text.parse().unwrap())
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_pool_hashes_and_verifies_and_nobody_is_always_wrong() {
        let pool = HashingPool::start(HashingCost::dangerous_cheap(), 2, 10, 10).unwrap();
        let hash = block_on(pool.hash(ClientKey::local(), Secret::new("right"))).unwrap();
        let verify = |password: &str, stored| block_on(pool.verify(client("192.0.2.1"), Secret::new(password), stored)).unwrap();
        assert_eq!(verify("right", Some(hash.clone())), Verdict::Right);
        assert_eq!(verify("wrong", Some(hash)), Verdict::Wrong);
        assert_eq!(verify("nobody has this password", None), Verdict::Wrong);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn hashing_threads_let_every_other_thread_go_first() {
        let pool = HashingPool::start(HashingCost::dangerous_cheap(), 1, 10, 10).unwrap();
        block_on(pool.hash(ClientKey::local(), Secret::new("x"))).unwrap();
        let of_hashing: Vec<String> = std::fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok())
            .filter(|stat| stat.contains("(hashing-0)"))
            .collect();
        // What follows the name begins with field 3; the nice value is field 19.
        let nice = |stat: &String| stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().to_owned();
        assert!(of_hashing.iter().map(nice).any(|nice| nice == NICE.to_string()), "{of_hashing:?}");
    }

    #[test]
    fn the_surplus_is_told_to_come_back_later() {
        // A pool without room: nothing waits, everything is surplus.
        let pool = HashingPool::start(HashingCost::dangerous_cheap(), 1, 0, 0).unwrap();
        let refused = block_on(pool.hash(ClientKey::local(), Secret::new("x")));
        assert!(matches!(refused, Err(Unhashed::Busy(Busy { retry_after })) if retry_after >= Duration::from_secs(1)));
    }

    #[test]
    fn incident_04_addresses_of_one_network_share_a_turn() {
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }
}
