use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::connection::{Answer, Asked, Connection, Connector, Fault};

/// Open connections that are free. The one that was used last goes first, so that as many stay open as the load needs.
///
/// There are never more than callers at the same time (HTTP/2: than callers divided by [`STREAMS`]), for nobody opens one while one is free.
pub(super) struct Pool {
    connector: Connector,
    free: Mutex<Vec<Connection>>,
    /// With HTTP/2 one opens for many.
    opening: tokio::sync::Mutex<()>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, free: Mutex::default(), opening: tokio::sync::Mutex::default() }
    }

    /// Sends a request over a free connection, or a new one.
    pub(super) async fn exchange(&self, mut request: Asked, keep: usize) -> Result<Answer, Fault> {
        // A kept connection may end at the very moment that it is taken.
        for _ in 0..TRIES {
            let mut connection = self.take().await?;
            match connection.exchange(request, keep).await {
                Ok(answer) => {
                    self.give(connection);
                    return Ok(answer);
                }
                Err(Fault::Unsent(same)) => request = *same,
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Broken)
    }

    /// Opens so many connections beforehand, each within this time.
    pub(super) async fn open(&self, number: usize, time: Duration) -> Result<(), Fault> {
        for _ in 0..number {
            let opened = tokio::time::timeout(time, self.connector.connect()).await;
            self.give(opened.unwrap_or_else(|_| Err(Fault::Unreachable(format!("no answer within {} s", time.as_secs()))))?);
        }
        Ok(())
    }

    async fn take(&self) -> Result<Connection, Fault> {
        if let Some(free) = self.take_free().await {
            return Ok(free);
        }
        if !self.connector.is_http2() {
            return self.connector.connect().await;
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(free) = self.take_free().await {
            return Ok(free);
        }
        let connection = self.connector.connect().await?;
        for _ in 1..STREAMS {
            if let Some(another) = connection.another() {
                self.give(another);
            }
        }
        Ok(connection)
    }

    async fn take_free(&self) -> Option<Connection> {
        loop {
            let mut connection = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if connection.is_usable().await {
                return Some(connection);
            }
        }
    }

    fn give(&self, connection: Connection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// How many requests share an HTTP/2 connection at the same time.
pub(super) const STREAMS: usize = 16;
const TRIES: usize = 3;
