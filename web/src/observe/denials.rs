use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Id, Timestamp};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::app::Spawner;

/// A request that was refused before its handler ran.
#[derive(Clone, Debug)]
pub struct Denial {
    /// When.
    pub at: Timestamp,
    /// What, by the [OWASP logging vocabulary](https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html).
    pub kind: &'static str,
    /// Which rule refused it.
    pub reason: &'static str,
    /// The caller, if one was signed in.
    pub principal: Option<String>,
    /// The client's address.
    pub address: String,
    /// The request's identifier.
    pub request_id: Id,
    /// The method and the route's template.
    pub endpoint: String,
}

/// Keeps denials in the audit log.
pub trait DenialLog: Send + Sync + 'static {
    /// Writes a batch in one transaction.
    fn write<'a>(&'a self, batch: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Takes denials from requests without ever making one wait: a bounded queue, written in batches.
///
/// A storm of refusals must not starve the one writer of the database: what doesn't fit the queue is counted and dropped; the log line of
/// each request is written all the same.
#[derive(Clone)]
pub(crate) struct Denials {
    queue: Sender<Denial>,
    dropped: Counter,
}

impl Denials {
    /// Writes to this log until the service ends.
    pub(crate) fn start(log: Arc<dyn DenialLog>, dropped: Counter, spawner: &Spawner) -> Self {
        let (queue, waiting) = channel(QUEUE);
        let ending = spawner.shutdown_begins();
        spawner.spawn(async move {
            tokio::pin!(ending);
            let mut waiting = waiting;
            loop {
                let ends = tokio::select! {
                    () = &mut ending => true,
                    () = tokio::time::sleep(EVERY) => false,
                };
                write_waiting(&*log, &mut waiting).await;
                if ends {
                    break;
                }
            }
        });
        Self { queue, dropped }
    }

    pub(crate) fn note(&self, denial: Denial) {
        if self.queue.try_send(denial).is_err() {
            self.dropped.inc();
        }
    }
}

async fn write_waiting(log: &dyn DenialLog, waiting: &mut Receiver<Denial>) {
    loop {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let Ok(denial) = waiting.try_recv() else { break };
            batch.push(denial);
        }
        if batch.is_empty() {
            return;
        }
        if let Err(error) = log.write(&batch).await {
            tracing::error!(error, lost = batch.len(), "denials could not be written to the audit log");
        }
    }
}

impl fmt::Debug for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Denials")
    }
}

const QUEUE: usize = 4096;
const BATCH: usize = 256;
const EVERY: Duration = Duration::from_millis(250);
