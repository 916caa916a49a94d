use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::management::Management;
use super::pipeline::Pipeline;
use super::runtime::Runtime;
use crate::accept::{Server, Shutdown};
use crate::observe::LogSink;

/// A service that is bound and prepared, and runs once it is served.
pub struct Running {
    pub(super) server: Server,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) management: Arc<Management>,
    pub(super) shutdown: Shutdown,
    pub(super) sink: LogSink,
    pub(super) drain: Duration,
    pub(super) announcements: Vec<String>,
}

impl Running {
    /// Where HTTPS is served; with port 0 in the settings, the port that was found.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where health and metrics are served.
    #[must_use]
    pub fn management_address(&self) -> SocketAddr {
        self.server.management_address()
    }

    /// Ends the service, from anywhere.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// What the modules want to tell the operator.
    #[must_use]
    pub fn announcements(&self) -> &[String] {
        &self.announcements
    }

    /// What handlers find: the database, the clock, background work.
    #[must_use]
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.pipeline.runtime
    }

    /// Answers requests until shutdown begins, then drains: readiness off, open requests finished, background work ended, the log written.
    pub async fn serve(self) {
        let Self { server, pipeline, management, shutdown, sink, drain, .. } = self;
        let (runtime, observing) = (Arc::clone(&pipeline.runtime), Arc::clone(&pipeline));
        runtime.ready.store(true, Ordering::Release);
        let ending = shutdown.clone();
        let announced = Arc::clone(&runtime);
        tokio::spawn(async move {
            ending.begun().await;
            announced.ready.store(false, Ordering::Release);
            announced.spawner.begin_shutdown();
        });
        server.serve(pipeline, management, shutdown).await;
        if tokio::time::timeout(drain, runtime.spawner.drained()).await.is_err() {
            tracing::warn!("background work did not end in time");
        }
        if let Some(denials) = &observing.denials {
            denials.finish().await;
        }
        runtime.database.close().await;
        observing.log.summarize(runtime.clock.now(), true);
        sink.flush();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address()).finish_non_exhaustive()
    }
}
