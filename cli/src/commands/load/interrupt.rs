use portcullis::Failure;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C or SIGTERM, which end the load but not the report.
pub(super) struct Interrupt {
    keyboard: Signal,
    termination: Signal,
}

impl Interrupt {
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("cannot listen for signals: {error}")));
        Ok(Self { keyboard: listen(SignalKind::interrupt())?, termination: listen(SignalKind::terminate())? })
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.keyboard.recv() => {}
            _ = self.termination.recv() => {}
        }
    }
}
