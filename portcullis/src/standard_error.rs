//! Standard error, whose reader can't keep the process waiting.
//!
//! A write to a pipe that nobody reads may never return. So a thread of its own writes, and everybody else waits for it for a second at
//! most: the greeting at the start, a panic in a handler, the last word of a command.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Text, and where to say that it is written.
type Message = (String, SyncSender<()>);

/// Writes a line, and waits for that at most a second. Drops it when the lines before it still wait for their reader.
pub(crate) fn write_line(line: &str) {
    let text = format!("{line}\n");
    let writer = WRITER.get_or_init(|| {
        let (send, receive) = sync_channel(MOST_WAITING);
        std::thread::Builder::new().name("stderr".to_owned()).spawn(move || write_all(&receive)).ok().map(|_| send)
    });
    let Some(writer) = writer else {
        let _ = io::stderr().write_all(text.as_bytes());
        return;
    };
    let (written, wait) = sync_channel(1);
    if writer.try_send((text, written)).is_ok() {
        let _ = wait.recv_timeout(PATIENCE);
    }
}

/// Has panics reported by [`write_line`]: the default hook would block the worker of the runtime that panics.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let backtrace = Backtrace::capture();
        let is_captured = backtrace.status() == BacktraceStatus::Captured;
        let trace = if is_captured { format!("\nstack backtrace:\n{backtrace}") } else { String::new() };
        write_line(&format!("\nthread '{name}' {panic}{trace}"));
    }));
}

fn write_all(messages: &Receiver<Message>) {
    for (text, written) in messages {
        let _ = io::stderr().write_all(text.as_bytes());
        // Whoever asked may have stopped waiting.
        let _ = written.try_send(());
    }
}

static WRITER: OnceLock<Option<SyncSender<Message>>> = OnceLock::new();
const MOST_WAITING: usize = 16;
const PATIENCE: Duration = Duration::from_secs(1);
