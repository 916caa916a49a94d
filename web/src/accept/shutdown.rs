use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::StartError;

/// Ends the service in order, once.
///
/// The phases: readiness goes off (`has_begun`), connections are still accepted for the grace period, then no longer; those that are
/// open are told (`Connection: close`, GOAWAY) and drained, bounded; what is left is cut. [`Shutdown::end_at_once`] skips to the last.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<Phases>);

#[derive(Debug, Default)]
struct Phases {
    begun: CancellationToken,
    at_once: CancellationToken,
}

impl Shutdown {
    /// A service that runs until it is told to end.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins shutdown at SIGTERM or Ctrl-C; Ctrl-C after that ends the service at once.
    ///
    /// # Errors
    /// When the signal handlers can't be set up.
    pub fn begin_on_signals(&self) -> Result<(), StartError> {
        let cannot = |error| StartError::new(format_args!("cannot listen for signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => shutdown.begin(),
                    _ = interrupt.recv() => if shutdown.has_begun() { shutdown.end_at_once() } else { shutdown.begin() },
                }
            }
        });
        Ok(())
    }

    /// Begins shutdown.
    pub fn begin(&self) {
        self.0.begun.cancel();
    }

    /// Ends the service without waiting for anything.
    pub fn end_at_once(&self) {
        self.0.begun.cancel();
        self.0.at_once.cancel();
    }

    /// Whether shutdown has begun: the service is no longer ready.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.begun.is_cancelled()
    }

    /// Resolves when shutdown begins.
    pub async fn begun(&self) {
        self.0.begun.cancelled().await;
    }

    /// Resolves when the service must end without waiting.
    pub async fn ends_at_once(&self) {
        self.0.at_once.cancelled().await;
    }
}
