use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::pace::{Pace, Patience};
use super::state::State;

/// The bytes of one long HTTP/2 answer that were handed to the HTTP/2 library and aren't written yet.
///
/// The library keeps what the client's flow control doesn't let through, and doesn't say how much. The bytes tell it themselves
/// ([`Piece`](super::piece::Piece)).
#[derive(Debug)]
pub(super) struct Delivery {
    connection: Arc<State>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    waiting: usize,
    patience: Patience,
    waker: Option<Waker>,
}

impl Delivery {
    /// Begins one in the task that sends the answer, which finds it by [`begun`].
    pub(super) fn begin(pace: Pace, connection: Arc<State>) -> Arc<Self> {
        let progress = Mutex::new(Progress { waiting: 0, patience: Patience::with_digestion(pace), waker: None });
        let delivery = Arc::new(Self { connection, progress });
        BEGUN.replace(Some(Arc::clone(&delivery)));
        delivery
    }

    /// So many more bytes wait.
    pub(super) fn hand_over(&self, bytes: usize) {
        let mut progress = self.progress();
        if progress.waiting == 0 && bytes > 0 {
            progress.patience.start(Instant::now());
            self.connection.begin_delivery();
        }
        progress.waiting += bytes;
    }

    /// So many bytes are written.
    pub(super) fn took(&self, bytes: usize) {
        self.settle(bytes, bytes);
    }

    /// So many bytes will never be written.
    pub(super) fn discard(&self, bytes: usize) {
        self.settle(bytes, 0);
    }

    fn settle(&self, fewer: usize, taken: usize) {
        let now = Instant::now();
        let mut progress = self.progress();
        let was_waiting = progress.waiting > 0;
        progress.waiting = progress.waiting.saturating_sub(fewer);
        if progress.waiting == 0 {
            if was_waiting {
                self.connection.end_delivery();
            }
            progress.patience.took_all(taken, now);
        } else {
            progress.patience.took(taken, now);
        }
        let waker = if progress.waiting <= MOST_AHEAD { progress.waker.take() } else { None };
        drop(progress);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Resolves when no byte waits.
    pub(super) fn poll_written(&self, context: &Context<'_>) -> Poll<()> {
        self.poll_down_to(0, context)
    }

    /// Resolves when so few bytes wait that more may be handed over.
    pub(super) fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        self.poll_down_to(MOST_AHEAD, context)
    }

    fn poll_down_to(&self, most: usize, context: &Context<'_>) -> Poll<()> {
        let mut progress = self.progress();
        if progress.waiting <= most {
            return Poll::Ready(());
        }
        match &mut progress.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Until when the client has to take something; none while no byte waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.progress().patience.deadline()
    }

    /// The client was too slow: the stream is about to be reset.
    pub(super) fn give_up(&self) {
        self.connection.give_up();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The delivery that was begun on this thread since the last call.
///
/// The HTTP/2 library polls an answer's body inside the task that it made for the stream, and nothing else leads from one to the other.
pub(super) fn begun() -> Option<Arc<Delivery>> {
    BEGUN.take()
}

thread_local! {
    static BEGUN: RefCell<Option<Arc<Delivery>>> = const { RefCell::new(None) };
}

/// How many bytes of a body that comes in parts may wait before the next part is asked for.
const MOST_AHEAD: usize = 64 * 1024;
