use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};
use portcullis_core::{Clock, Revocations};
use portcullis_store::Database;

use super::cursors::Cursors;
use super::master_key::MasterKey;
use super::spawner::Spawner;
use crate::accept::ByteBudget;
use crate::extract::Provider;

/// What a running application holds: its database, clock, keys, and what it provides to handlers.
pub struct Runtime {
    pub(crate) name: &'static str,
    pub(crate) openapi: bytes::Bytes,
    pub(crate) ready: std::sync::atomic::AtomicBool,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) spawner: Spawner,
    pub(crate) master_key: MasterKey,
    pub(crate) cursors: Cursors,
    pub(crate) revocations: Revocations,
    pub(crate) limits: RequestLimits,
    /// The bodies that are buffered at the moment.
    pub(crate) buffered: Arc<ByteBudget>,
    /// Where our own pages are.
    pub(crate) own_origin: String,
    /// Where pages are that may call us, our own among them.
    pub(crate) origins: Vec<String>,
    pub(crate) providers: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
}

/// The limits that apply after the head was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLimits {
    pub(crate) body_bytes: usize,
    pub(crate) body_seconds: u64,
    pub(crate) handler: Duration,
    pub(crate) socket: SocketLimits,
}

/// The limits of an open WebSocket, as the settings document them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketLimits {
    pub(crate) message_bytes: usize,
    pub(crate) idle: Duration,
    pub(crate) ping: Duration,
    pub(crate) ping_timeout: Duration,
}

impl Runtime {
    /// The application's database.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Where the time comes from.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Background work.
    #[must_use]
    pub const fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    /// The key that other keys are derived from.
    #[must_use]
    pub const fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// Which remembered credentials are still to be believed.
    #[must_use]
    pub const fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Whether the service takes requests: it has started, isn't ending, and its database answers in time.
    pub(crate) async fn is_ready(&self) -> bool {
        let is_up = self.ready.load(std::sync::atomic::Ordering::Acquire);
        is_up && matches!(tokio::time::timeout(SIGN_OF_LIFE, self.database.ping()).await, Ok(Ok(())))
    }

    pub(crate) const fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    pub(crate) const fn buffered(&self) -> &Arc<ByteBudget> {
        &self.buffered
    }

    pub(crate) const fn limits(&self) -> &RequestLimits {
        &self.limits
    }

    pub(crate) fn provider<T: Provider>(&self) -> Option<T> {
        let wanted = TypeId::of::<T>();
        let (_, value) = self.providers.iter().find(|(own, _)| *own == wanted)?;
        value.downcast_ref::<T>().cloned()
    }

    /// Whether a browser may open a WebSocket: from our own or a listed origin, or without one (no browser).
    pub(crate) fn allows_origin(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => self.origins.iter().any(|own| own.as_bytes() == origin.as_bytes()),
            (Some(_), Some(_)) => false,
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("clock", &self.clock).field("providers", &self.providers.len()).finish_non_exhaustive()
    }
}

/// How long the database may take to say that it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
