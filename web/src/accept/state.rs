use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::batches::Batches;
use super::lines::Handover;
use super::refusal::Refusal;
use crate::app::Ending;

/// What a connection's reader, its requests and its keeper tell each other.
#[derive(Debug, Default)]
pub(crate) struct State {
    refusal: OnceLock<Refusal>,
    upgraded: AtomicBool,
    /// What ends an upgraded connection from outside.
    cut: OnceLock<Ending>,
    running: AtomicUsize,
    started: AtomicUsize,
    /// The short answers of an HTTP/2 connection that aren't written yet.
    pub(super) batches: Batches,
    /// Long HTTP/2 answers of which bytes wait for the client.
    delivering: AtomicUsize,
    /// Whether a stream was given up.
    gave_up: AtomicBool,
    /// Whether the next head is awaited, and no byte of it is there.
    awaiting: AtomicBool,
    /// Whether bytes were to be written that may not all be.
    writing: AtomicBool,
    /// Requests that were refused for being too many, or for their head.
    refused: AtomicUsize,
    /// Rung when those have become too many.
    excess: Notify,
    /// The lines of the next answer's head.
    pub(super) lines: Handover,
}

impl State {
    /// The guard refuses the next request; nothing is read after it.
    pub(super) fn refuse(&self, refusal: Refusal) {
        // The first refusal stands; there is no second one.
        let _ = self.refusal.set(refusal);
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    /// The connection no longer speaks HTTP/1.1.
    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Release);
    }

    /// The upgraded connection ends with this.
    pub(super) fn cut_by(&self, ending: Ending) {
        // A connection is upgraded once.
        let _ = self.cut.set(ending);
    }

    pub(super) fn cut(&self) -> Option<&Ending> {
        self.cut.get()
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Acquire)
    }

    /// A request begins; it runs until its answer is sent or dropped.
    pub(super) fn start(self: &Arc<Self>) -> Running {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// How many requests run.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Bytes of one more long HTTP/2 answer wait for the client.
    pub(super) fn begin_delivery(&self) {
        self.delivering.fetch_add(1, Ordering::Relaxed);
    }

    /// Of one of them, none wait any more.
    pub(super) fn end_delivery(&self) {
        self.delivering.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether bytes of any long HTTP/2 answer wait for the client.
    pub(super) fn is_delivering(&self) -> bool {
        self.delivering.load(Ordering::Relaxed) > 0
    }

    /// An HTTP/2 stream is given up, whose client is too slow.
    pub(super) fn give_up(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }

    /// Whether a stream was given up.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// A request was refused; whether that makes too many of them, so that the connection is to be closed.
    pub(super) fn exceed(&self, most: usize) -> bool {
        let is_too_many = self.refused.fetch_add(1, Ordering::Relaxed) + 1 >= most;
        if is_too_many {
            self.excess.notify_one();
        }
        is_too_many
    }

    /// Resolves when too many requests were refused.
    pub(super) async fn exceeded(&self) {
        self.excess.notified().await;
    }

    /// Whether the next head is awaited, and no byte of it is there.
    pub(super) fn set_awaiting(&self, is_awaiting: bool) {
        self.awaiting.store(is_awaiting, Ordering::Relaxed);
    }

    /// Whether bytes were to be written that may not all be.
    pub(super) fn set_writing(&self, is_writing: bool) {
        self.writing.store(is_writing, Ordering::Relaxed);
    }

    /// Whether an HTTP/1.1 connection has nothing to read, to do and to write.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_quiet = self.awaiting.load(Ordering::Relaxed) && !self.writing.load(Ordering::Relaxed);
        is_quiet && self.running() == 0 && !self.is_upgraded() && self.refusal().is_none()
    }

    /// How many requests there were.
    pub(super) fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }
}

/// A request that runs, until it is dropped.
#[derive(Debug)]
pub(super) struct Running(Arc<State>);

impl Running {
    /// The connection that it runs on.
    pub(super) fn share_state(&self) -> Arc<State> {
        Arc::clone(&self.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
