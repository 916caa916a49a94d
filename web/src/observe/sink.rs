use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where log lines go: standard output, or memory in tests.
///
/// Lines are gathered and written by a thread of their own every 100 milliseconds, or when 64 KiB have come together, so that a request
/// never waits for a slow reader. When 4 MiB are waiting, further lines are dropped and counted.
///
/// Only that thread writes to standard output, because a write to a pipe that nobody reads may never return. Everybody else waits for it
/// for one second at most, so that a blocked output doesn't keep the process from ending.
#[derive(Clone)]
pub struct LogSink(Arc<Handle>);

/// What the handles of a sink share; the last one to go has the last lines written.
struct Handle {
    shared: Arc<Shared>,
    wake: SyncSender<()>,
    /// Whether flushes are the writer's: it alone may be held up.
    has_writer: bool,
}

struct Shared {
    is_standard: bool,
    waiting: Mutex<Vec<u8>>,
    output: Mutex<Output>,
    /// The buffer that isn't filled, to be filled next.
    spare: Mutex<Vec<u8>>,
    dropped: AtomicU64,
    flushes: Mutex<Flushes>,
    flushed: Condvar,
}

/// Which flushes were asked for, and which of them are done.
#[derive(Default)]
struct Flushes {
    asked: u64,
    done: u64,
    is_ending: bool,
    /// A flush was waited for in vain.
    is_blocked: bool,
}

enum Output {
    Standard,
    Memory(Vec<u8>),
    #[cfg(feature = "steps")]
    Nowhere,
}

impl LogSink {
    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(Output::Standard)
    }

    /// Memory, to be read by [`text`](Self::text).
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Output::Memory(Vec::new()))
    }

    /// Lines are made, gathered and forgotten.
    #[cfg(feature = "steps")]
    pub(crate) fn nowhere() -> Self {
        Self::new(Output::Nowhere)
    }

    /// Whether people read it.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.0.shared.is_standard && io::stdout().is_terminal()
    }

    /// Adds a line.
    pub(crate) fn write(&self, line: &[u8]) {
        let length = {
            let mut waiting = lock(&self.0.shared.waiting);
            if waiting.len() + line.len() > MOST {
                self.0.shared.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            waiting.extend_from_slice(line);
            waiting.len()
        };
        if length > WRITE_AT {
            // A full channel means that the writer is awake already.
            let _ = self.0.wake.try_send(());
        }
    }

    /// Writes what is waiting. Gives up after one second when nobody reads the output; `false` then.
    pub fn flush(&self) -> bool {
        self.0.flush(|_| ())
    }

    /// How many lines were dropped because nobody read them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.shared.dropped.load(Ordering::Relaxed)
    }

    /// What was written to memory.
    #[must_use]
    pub fn text(&self) -> String {
        self.flush();
        match &*lock(&self.0.shared.output) {
            Output::Standard => String::new(),
            Output::Memory(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            #[cfg(feature = "steps")]
            Output::Nowhere => String::new(),
        }
    }

    fn new(output: Output) -> Self {
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let shared = Arc::new(Shared {
            is_standard: matches!(output, Output::Standard),
            waiting: Mutex::default(),
            output: Mutex::new(output),
            spare: Mutex::default(),
            dropped: AtomicU64::new(0),
            flushes: Mutex::default(),
            flushed: Condvar::new(),
        });
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            while writer.run_once() {
                let _ = woken.recv_timeout(EVERY);
            }
        });
        debug_assert!(thread.is_ok(), "a process can start a thread");
        let has_writer = shared.is_standard && thread.is_ok();
        Self(Arc::new(Handle { shared, wake, has_writer }))
    }
}

impl Handle {
    /// Has everything written that is waiting, after telling the writer this; whether that was done in time.
    fn flush(&self, tell: impl FnOnce(&mut Flushes)) -> bool {
        if !self.has_writer {
            // Memory takes everything at once.
            tell(&mut lock(&self.shared.flushes));
            self.shared.write_all();
            let _ = self.wake.try_send(());
            return true;
        }
        let mut flushes = lock(&self.shared.flushes);
        tell(&mut flushes);
        flushes.asked += 1;
        let own = flushes.asked;
        // Whoever waited in vain once doesn't wait again: the last flush gets one second in all.
        let patience = if flushes.is_blocked { Duration::ZERO } else { PATIENCE };
        let _ = self.wake.try_send(());
        let waited = self.shared.flushed.wait_timeout_while(flushes, patience, |flushes| flushes.done < own);
        let (mut flushes, _) = waited.unwrap_or_else(PoisonError::into_inner);
        flushes.is_blocked = flushes.done < own;
        !flushes.is_blocked
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.flush(|flushes| flushes.is_ending = true);
    }
}

impl Shared {
    /// Writes what is waiting; whether there may be more.
    fn run_once(&self) -> bool {
        let (asked, is_ending) = {
            let flushes = lock(&self.flushes);
            (flushes.asked, flushes.is_ending)
        };
        self.write_all();
        let mut flushes = lock(&self.flushes);
        flushes.done = asked;
        flushes.is_blocked = false;
        self.flushed.notify_all();
        !is_ending
    }

    fn write_all(&self) {
        // The output is locked first, so that two flushes keep the order of the lines.
        let mut output = lock(&self.output);
        let mut spare = lock(&self.spare);
        std::mem::swap(&mut *spare, &mut *lock(&self.waiting));
        let lines = &mut *spare;
        if lines.is_empty() {
            return;
        }
        match &mut *output {
            Output::Standard => {
                let mut stdout = io::stdout().lock();
                let _ = stdout.write_all(lines).and_then(|()| stdout.flush());
            }
            Output::Memory(bytes) => bytes.extend_from_slice(lines),
            #[cfg(feature = "steps")]
            Output::Nowhere => {}
        }
        lines.clear();
        // What a flood of lines took is given back.
        lines.shrink_to(2 * WRITE_AT);
    }
}

impl Write for &LogSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LogSink::write(self, bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSink({} dropped)", self.dropped())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const WRITE_AT: usize = 64 * 1024;
const MOST: usize = 4 * 1024 * 1024;
const EVERY: Duration = Duration::from_millis(100);
/// How long a flush waits for the output.
const PATIENCE: Duration = Duration::from_secs(1);
