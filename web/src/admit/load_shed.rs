//! A cap on running handlers: above it requests are answered 503 at once instead of waiting.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::respond::Problem;

/// The cap.
#[derive(Clone, Debug)]
pub(crate) struct LoadShed(Arc<Semaphore>);

/// The right to run one handler, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl LoadShed {
    pub(crate) fn new(handlers: usize) -> Self {
        Self(Arc::new(Semaphore::new(handlers.min(Semaphore::MAX_PERMITS))))
    }

    /// Enters, or is turned away.
    pub(crate) fn enter(&self) -> Result<Permit, Problem> {
        let permit = Arc::clone(&self.0).try_acquire_owned();
        permit.map(|permit| Permit { _permit: permit }).map_err(|_| Problem::unavailable("every handler slot is taken"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_cap_requests_are_turned_away() {
        let load = LoadShed::new(1);
        let first = load.enter().unwrap();
        assert_eq!(load.enter().unwrap_err().status(), 503);
        drop(first);
        assert!(load.enter().is_ok());
    }
}
