//! A cap on running handlers: above it requests are answered 503 at once instead of waiting.
//!
//! Let through: any address, while less than half of the cap is taken; beyond that, addresses with less than an eighth of it. A handler runs
//! while its body arrives, so that a client which sends slowly would otherwise have every place for as long as it likes.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::respond::Problem;

/// The cap.
#[derive(Debug)]
pub(crate) struct LoadShed {
    most: usize,
    running: AtomicUsize,
    /// Addresses are counted in a fixed number of places, chosen by a keyed hash. Two addresses in one place share its bound.
    places: Box<[AtomicUsize]>,
    hasher: RandomState,
}

/// The right to run one handler, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    running: &'a AtomicUsize,
    place: Option<&'a AtomicUsize>,
}

impl LoadShed {
    pub(crate) fn new(handlers: usize) -> Self {
        let places = (0..PLACES).map(|_| AtomicUsize::new(0)).collect();
        Self { most: handlers, running: AtomicUsize::new(0), places, hasher: RandomState::new() }
    }

    /// Enters for this address, as the rate limits count addresses, or is turned away.
    pub(crate) fn enter(&self, address: u128) -> Result<Permit<'_>, Problem> {
        let one_more = |running| (running < self.most).then_some(running + 1);
        let Ok(before) = self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) else {
            return Err(Problem::unavailable("every handler slot is taken"));
        };
        let place = usize::try_from(self.hasher.hash_one(address) % PLACES as u64).unwrap_or(0);
        let place = self.places.get(place);
        let of_address = place.map_or(0, |place| place.fetch_add(1, Ordering::Relaxed));
        let permit = Permit { running: &self.running, place };
        if before >= self.most / 2 && of_address >= (self.most / SHARE).max(LEAST) {
            return Err(Problem::unavailable("one address has its share of the handler slots"));
        }
        Ok(permit)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
        if let Some(place) = self.place {
            place.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

const PLACES: usize = 4096;
/// One address has at most this part of the cap, once half of it is taken.
const SHARE: usize = 8;
/// Every address may have so many, however small the cap.
const LEAST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_cap_requests_are_turned_away() {
        let load = LoadShed::new(1);
        let first = load.enter(1).unwrap();
        for _ in 0..3 {
            assert_eq!(load.enter(2).unwrap_err().status(), 503);
        }
        drop(first);
        for _ in 0..3 {
            assert!(load.enter(1).is_ok(), "who was turned away holds no place");
        }
    }

    /// Permits for this address until it is turned away.
    fn take_all(load: &LoadShed, address: u128) -> Vec<Permit<'_>> {
        std::iter::from_fn(|| load.enter(address).ok()).collect()
    }

    #[test]
    fn one_address_has_half_at_most_and_an_eighth_beside_others() {
        let load = LoadShed::new(1024);
        let first = take_all(&load, 1);
        assert_eq!(first.len(), 512);
        let others: Vec<_> = (2..5).flat_map(|address| take_all(&load, address)).collect();
        assert_eq!(others.len(), 3 * 128);
        assert!(load.enter(1).is_err() && (100..110).any(|address| load.enter(address).is_ok()));
        drop(others);
        assert!(load.enter(1).is_err());
        drop(first);
        assert_eq!(take_all(&load, 1).len(), 512, "what was given back can be had again");
        assert!(load.places.iter().all(|place| place.load(Ordering::Relaxed) == 0));
    }
}
