use std::future::Future;

use portcullis_core::Id;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use super::settings::{LogFormat, LogSettings};
use super::sink::LogSink;

tokio::task_local! {
    static REQUEST_ID: Id;
}

/// Runs a future whose events carry this request's id.
pub fn with_request_id<F: Future>(request_id: Id, future: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(request_id, future)
}

/// Wraps a future that another task will run, so that its events carry the id of the request that is running here, if there is one.
pub(crate) fn with_own_request_id<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let request_id = REQUEST_ID.try_with(|id| *id).ok();
    async move {
        match request_id {
            Some(id) => REQUEST_ID.scope(id, future).await,
            None => future.await,
        }
    }
}

/// Sends the process's events to the sink. A second call changes nothing.
///
/// # Errors
/// When the level can't be read.
pub fn init(settings: &LogSettings, sink: &LogSink) -> Result<LogFormat, String> {
    let default = if sink.is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let format = settings.format.unwrap_or(default);
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| error.to_string())?;
    let writer = Writer(sink.clone());
    let registry = tracing_subscriber::registry().with(filter);
    // Another subscriber, such as a test's, may be in place already: its choice stands.
    let _ = match format {
        LogFormat::Json => registry
            .with(fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_writer(writer))
            .try_init(),
        LogFormat::Pretty => registry.with(fmt::layer().compact().with_ansi(false).with_writer(writer)).try_init(),
    };
    Ok(format)
}

#[derive(Clone, Debug)]
struct Writer(LogSink);

impl<'a> MakeWriter<'a> for Writer {
    type Writer = OneLine<'a>;
    fn make_writer(&'a self) -> OneLine<'a> {
        OneLine { sink: &self.0, bytes: Vec::with_capacity(256) }
    }
}

/// Gathers one event, adds the request's id, and hands the line over whole.
struct OneLine<'a> {
    sink: &'a LogSink,
    bytes: Vec<u8>,
}

impl std::io::Write for OneLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for OneLine<'_> {
    fn drop(&mut self) {
        if let Ok(request_id) = REQUEST_ID.try_with(|id| *id)
            && self.bytes.ends_with(b"}\n")
        {
            self.bytes.truncate(self.bytes.len() - 2);
            self.bytes.extend_from_slice(format!(",\"request_id\":\"{request_id}\"}}\n").as_bytes());
        }
        self.sink.write(&self.bytes);
    }
}
