//! A cap on running handlers: above it requests are answered 503 at once instead of waiting.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::respond::Problem;

/// The cap.
#[derive(Debug)]
pub(crate) struct LoadShed {
    most: usize,
    running: AtomicUsize,
}

/// The right to run one handler, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a AtomicUsize);

impl LoadShed {
    pub(crate) const fn new(handlers: usize) -> Self {
        Self { most: handlers, running: AtomicUsize::new(0) }
    }

    /// Enters, or is turned away.
    pub(crate) fn enter(&self) -> Result<Permit<'_>, Problem> {
        let one_more = |running| (running < self.most).then_some(running + 1);
        match self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Permit(&self.running)),
            Err(_) => Err(Problem::unavailable("every handler slot is taken")),
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_cap_requests_are_turned_away() {
        let load = LoadShed::new(1);
        let first = load.enter().unwrap();
        for _ in 0..3 {
            assert_eq!(load.enter().unwrap_err().status(), 503);
        }
        drop(first);
        for _ in 0..3 {
            assert!(load.enter().is_ok(), "who was turned away holds no place");
        }
    }
}
