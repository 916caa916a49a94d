use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::open::{Place, Purpose};
use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::{Answer, Want};
use crate::record::Row;
use crate::value::Value;

mod thread;
use thread::Thread;

/// The one connection that writes, on a thread of its own. Writers queue here, in order, instead of failing on the file's lock.
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    wait: Duration,
}

/// A transaction: its statements run on the writer's thread, which serves nobody else until it is committed or dropped.
pub(crate) struct Session {
    commands: Sender<Command>,
}

enum Job {
    Statement(Statement),
    Batch(Durability, Vec<Left>, Ticket, Reply<Vec<Option<Row>>>),
    Begin(Ticket, Reply<Session>),
    ForgetStatements,
}

struct Statement {
    sql: &'static str,
    values: Vec<Value>,
    want: Want,
    ticket: Ticket,
    reply: Reply<Answer>,
}

enum Command {
    Run(Vec<Left>, &'static str, Vec<Value>, Want, Reply<Answer>),
    Batch(&'static str, Reply<()>),
    Commit(Vec<Left>, Reply<()>),
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Who comes first: the writer who begins a job, or its caller who gives it up. What was given up is never begun.
#[derive(Clone, Default)]
struct Ticket(Arc<AtomicU8>);

impl Ticket {
    fn begin(&self) -> bool {
        self.0.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn give_up(&self) -> bool {
        self.0.compare_exchange(WAITING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Gives a job up when its caller goes away.
struct Patience(Ticket);

impl Drop for Patience {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

impl Writer {
    pub(super) async fn start(place: Place) -> Result<Self, StoreError> {
        let wait = place.wait;
        let (jobs, queue) = mpsc::channel();
        let (opened, opening) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let work = move || {
            match place.open(Purpose::Write) {
                Ok(connection) => {
                    let _ = opened.send(Ok(()));
                    Thread::new(place, connection).serve(&queue);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            let _ = end.send(());
        };
        let thread = std::thread::Builder::new().name("sqlite writer".to_owned()).spawn(work);
        thread.map_err(|error| StoreError::Unavailable(format!("no thread for the database: {error}")))?;
        opening.await.map_err(|_| lost())??;
        Ok(Self { jobs: Mutex::new(Some(jobs)), ended: tokio::sync::Mutex::new(Some(ended)), wait })
    }

    pub(super) async fn run(&self, sql: &'static str, values: Vec<Value>, want: Want) -> Result<Answer, StoreError> {
        self.ask(|ticket, reply| Job::Statement(Statement { sql, values, want, ticket, reply })).await
    }

    pub(super) async fn begin(&self) -> Result<Session, StoreError> {
        self.ask(Job::Begin).await
    }

    pub(super) async fn batch(&self, durability: Durability, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
        self.ask(|ticket, reply| Job::Batch(durability, left, ticket, reply)).await
    }

    pub(super) fn forget(&self) {
        let _ = self.send(Job::ForgetStatements);
    }

    pub(super) async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(ended) = self.ended.lock().await.take()
            && tokio::time::timeout(self.wait, ended).await.is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    }

    /// Waits for its turn at most as long as the wait; what has begun is waited for to its end.
    async fn ask<T>(&self, job: impl FnOnce(Ticket, Reply<T>) -> Job) -> Result<T, StoreError> {
        let (reply, mut answer) = oneshot::channel();
        let patience = Patience(Ticket::default());
        self.send(job(patience.0.clone(), reply))?;
        match tokio::time::timeout(self.wait, &mut answer).await {
            Ok(answered) => answered.map_err(|_| lost())?,
            Err(_) if patience.0.give_up() => {
                Err(StoreError::Busy("the connection that writes was taken for as long as the wait".to_owned()))
            }
            Err(_) => answer.await.map_err(|_| lost())?,
        }
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(jobs) = &*jobs else { return Err(StoreError::Unavailable("the database is closed".to_owned())) };
        jobs.send(job).map_err(|_| lost())
    }
}

impl Session {
    /// Runs a statement, and before it those that were left for it.
    pub(crate) async fn run(&self, before: Vec<Left>, sql: &'static str, values: Vec<Value>, want: Want) -> Result<Answer, StoreError> {
        self.ask(|reply| Command::Run(before, sql, values, want, reply)).await
    }

    /// Several statements in one text.
    pub(crate) async fn batch(&self, sql: &'static str) -> Result<(), StoreError> {
        self.ask(|reply| Command::Batch(sql, reply)).await
    }

    pub(crate) async fn commit(self, before: Vec<Left>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Commit(before, reply)).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the connection that writes is lost".to_owned())
}

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;
