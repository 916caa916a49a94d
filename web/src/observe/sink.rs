use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where log lines go: standard output, or memory in tests.
///
/// Lines are gathered and written by a thread of their own every 100 milliseconds, or when 64 KiB have come together, so that a request
/// never waits for a slow reader. When 4 MiB are waiting, further lines are dropped and counted.
#[derive(Clone)]
pub struct LogSink(Arc<Inner>);

struct Inner {
    waiting: Mutex<Vec<u8>>,
    output: Mutex<Output>,
    /// The buffer that isn't filled, to be filled next.
    spare: Mutex<Vec<u8>>,
    dropped: AtomicU64,
    wake: std::sync::mpsc::SyncSender<()>,
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
        matches!(*self.0.output.lock().unwrap_or_else(PoisonError::into_inner), Output::Standard) && io::stdout().is_terminal()
    }

    /// Adds a line.
    pub(crate) fn write(&self, line: &[u8]) {
        let length = {
            let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() + line.len() > MOST {
                self.0.dropped.fetch_add(1, Ordering::Relaxed);
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

    /// Writes what is waiting.
    pub fn flush(&self) {
        self.0.flush();
    }

    /// How many lines were dropped because nobody read them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// What was written to memory.
    #[must_use]
    pub fn text(&self) -> String {
        self.flush();
        match &*self.0.output.lock().unwrap_or_else(PoisonError::into_inner) {
            Output::Standard => String::new(),
            Output::Memory(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            #[cfg(feature = "steps")]
            Output::Nowhere => String::new(),
        }
    }

    fn new(output: Output) -> Self {
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let inner = Arc::new(Inner {
            waiting: Mutex::default(),
            output: Mutex::new(output),
            spare: Mutex::default(),
            dropped: AtomicU64::new(0),
            wake,
        });
        let writer = Arc::downgrade(&inner);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            // Ends with the last handle of the sink.
            while let Some(inner) = writer.upgrade() {
                inner.flush();
                drop(inner);
                let _ = woken.recv_timeout(EVERY);
            }
        });
        debug_assert!(thread.is_ok(), "a process can start a thread");
        Self(inner)
    }
}

impl Inner {
    fn flush(&self) {
        // The output is locked first, so that two flushes keep the order of the lines.
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *spare, &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
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

impl Drop for Inner {
    fn drop(&mut self) {
        self.flush();
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

const WRITE_AT: usize = 64 * 1024;
const MOST: usize = 4 * 1024 * 1024;
const EVERY: Duration = Duration::from_millis(100);
