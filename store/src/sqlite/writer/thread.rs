use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use rusqlite::{Connection, Error};

use super::super::open::{Place, Purpose};
use super::super::run::run;
use super::{Command, Job, Reply, Session, Statement};
use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::Answer;
use crate::record::Row;
use crate::statement;

/// What the writer's thread works with.
pub(super) struct Thread {
    place: Place,
    /// None after a transaction that could not be undone: opened anew for the next job.
    connection: Option<Connection>,
}

impl Thread {
    pub(super) const fn new(place: Place, connection: Connection) -> Self {
        Self { place, connection: Some(connection) }
    }

    /// Serves until nobody can ask any more.
    pub(super) fn serve(&mut self, queue: &Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
            next = match job {
                Job::Statement(statement) => self.statements(statement, queue),
                Job::Batch(durability, left, ticket, reply) => {
                    if ticket.begin() {
                        let _ = reply.send(self.batch(durability, left));
                    }
                    None
                }
                Job::Begin(ticket, reply) => {
                    if ticket.begin() {
                        self.transaction(reply);
                    }
                    None
                }
                Job::ForgetStatements => {
                    if let Some(connection) = &self.connection {
                        connection.flush_prepared_statement_cache();
                    }
                    None
                }
            };
        }
    }

    /// Runs a statement, together with those that wait behind it: one commit for all of them. The job that ended the group, if one did.
    fn statements(&mut self, first: Statement, queue: &Receiver<Job>) -> Option<Job> {
        let mut next = None;
        let mut group = vec![first];
        while group.len() < GROUP && group.iter().all(Statement::joins_others) {
            match queue.try_recv() {
                Ok(Job::Statement(statement)) if statement.joins_others() => group.push(statement),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        group.retain(|statement| statement.ticket.begin());
        let connection = match self.connection() {
            Ok(connection) => connection,
            Err(error) => {
                // The first says why; the others are as unavailable.
                let mut reason = Some(error);
                for statement in group {
                    let unavailable = || StoreError::Unavailable("the database cannot be opened".to_owned());
                    let _ = statement.reply.send(Err(reason.take().unwrap_or_else(unavailable)));
                }
                return next;
            }
        };
        let together = if group.len() > 1 { commit_together(connection, &group) } else { None };
        match together {
            Some(answers) => {
                for (statement, answer) in group.into_iter().zip(answers) {
                    let _ = statement.reply.send(answer);
                }
            }
            None => {
                for statement in group {
                    let answer = statement.run(connection);
                    let _ = statement.reply.send(answer.map_err(|error| StoreError::of_sqlite(&error)));
                }
            }
        }
        self.undo();
        next
    }

    fn batch(&mut self, durability: Durability, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
        let is_eased = durability == Durability::Process;
        let connection = self.connection()?;
        if is_eased {
            // Where it can't be eased, the commit just takes longer.
            let _ = connection.execute_batch(EASED);
        }
        let rows = all_or_nothing(connection, left);
        self.undo();
        if is_eased {
            // A connection that may still be eased must not be used again.
            self.connection = self.connection.take().filter(|connection| connection.execute_batch(STRICT).is_ok());
        }
        rows
    }

    fn transaction(&mut self, reply: Reply<Session>) {
        let patience = self.place.wait.saturating_mul(IDLE_WAITS);
        let begun = self.connection().and_then(|connection| {
            control(connection, BEGIN).map_err(|error| StoreError::of_sqlite(&error))?;
            Ok(connection)
        });
        let connection = match begun {
            Ok(connection) => connection,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let (commands, orders) = mpsc::channel();
        // When the caller has gone away, the session is dropped here, no order comes, and what began is undone.
        let _ = reply.send(Ok(Session { commands }));
        loop {
            match orders.recv_timeout(patience) {
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    tracing::error!(?patience, "a transaction was left open and is undone: nobody else could write");
                    break;
                }
                Ok(Command::Run(before, sql, values, want, reply)) => {
                    let answer = catch_up(connection, before).and_then(|_| told(run(connection, sql, &values, want)));
                    let _ = reply.send(answer);
                }
                Ok(Command::Batch(sql, reply)) => {
                    let _ = reply.send(connection.execute_batch(sql).map_err(|error| StoreError::of_sqlite(&error)));
                }
                Ok(Command::Commit(before, reply)) => {
                    let committed = catch_up(connection, before).and_then(|_| told(control(connection, COMMIT)));
                    let _ = reply.send(committed);
                    break;
                }
            }
        }
        self.undo();
    }

    /// Undoes what was left open; a connection that can't is closed, which undoes it too.
    fn undo(&mut self) {
        let Some(connection) = &self.connection else { return };
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() && !connection.is_autocommit() {
            self.connection = None;
        }
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.place.open(Purpose::Write)?,
        };
        Ok(self.connection.insert(connection))
    }
}

impl Statement {
    /// Whether it may share its transaction: other statements either can't be undone or mean something else inside of one.
    fn joins_others(&self) -> bool {
        statement::changes_rows(self.sql)
    }

    fn run(&self, connection: &Connection) -> Result<Answer, Error> {
        run(connection, self.sql, &self.values, self.want)
    }
}

/// Runs everything and commits it; what is left open after an error is the caller's to undo.
fn all_or_nothing(connection: &Connection, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
    told(control(connection, BEGIN))?;
    let rows = catch_up(connection, left)?;
    told(control(connection, COMMIT))?;
    Ok(rows)
}

/// Runs what was left for later; the first that fails is the last. The rows that somebody wants.
fn catch_up(connection: &Connection, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
    let mut rows = Vec::new();
    for Left { sql, values, interest } in left {
        interest.take(told(run(connection, sql, &values, interest.want()))?, &mut rows)?;
    }
    Ok(rows)
}

/// Begins or ends a transaction, by a statement that is parsed once.
fn control(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute(()).map(drop)
}

fn told<T>(result: Result<T, Error>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::of_sqlite(&error))
}

/// Runs statements in one transaction; a failed one undoes only itself. `None` when they have to run one by one: nothing took effect.
fn commit_together(connection: &Connection, group: &[Statement]) -> Option<Vec<Result<Answer, StoreError>>> {
    if let Err(error) = control(connection, BEGIN) {
        return Some(group.iter().map(|_| Err(StoreError::of_sqlite(&error))).collect());
    }
    let mut answers = Vec::with_capacity(group.len());
    for statement in group {
        let answer = statement.run(connection);
        // A full disk or a trigger may have undone everything.
        if connection.is_autocommit() {
            return None;
        }
        answers.push(answer.map_err(|error| StoreError::of_sqlite(&error)));
    }
    if control(connection, COMMIT).is_ok() {
        return Some(answers);
    }
    if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
        let failed = || Err(StoreError::Unavailable("a commit failed and could not be undone".to_owned()));
        return Some(group.iter().map(|_| failed()).collect());
    }
    None
}

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
/// With a write-ahead log, commits wait for no disk; what they wrote is whole after a power failure, or not there.
const EASED: &str = "PRAGMA synchronous = NORMAL";
const STRICT: &str = "PRAGMA synchronous = FULL";
/// A transaction that gives no order for so many waits is undone: longer than any request may take.
const IDLE_WAITS: u32 = 12;
/// The most statements of one commit.
const GROUP: usize = 64;
