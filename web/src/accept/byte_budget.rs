//! A bound on the bytes that are buffered for clients, in total and for each address.
//!
//! Let through: bytes within the total, of which one address holds at most an eighth, and anonymous callers at most three quarters, of the
//! total and of their address's share alike. Refused: everything beyond it, at once. Nothing waits, nothing is locked, and memory is
//! bounded whatever addresses there are.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A bound on bytes that are held at the same time.
pub(crate) struct ByteBudget {
    most: usize,
    held: AtomicUsize,
    refused: AtomicU64,
    /// Addresses are counted in a fixed number of places, chosen by a keyed hash. Two addresses in one place share its bound. Only eight
    /// places can be full at a time, so a full one is rarely shared.
    places: Box<[AtomicUsize]>,
    hasher: RandomState,
}

/// Who bytes are held for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
    Anonymous,
    SignedIn,
}

/// Bytes that count until they are given back or dropped.
pub(crate) struct Held {
    budget: Arc<ByteBudget>,
    place: usize,
    holder: Holder,
    bytes: usize,
}

/// The bound is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many bytes are buffered")]
pub(crate) struct Exhausted;

impl ByteBudget {
    /// At most so many bytes.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let places = (0..PLACES).map(|_| AtomicUsize::new(0)).collect();
        Arc::new(Self { most, held: AtomicUsize::new(0), refused: AtomicU64::new(0), places, hasher: RandomState::new() })
    }

    /// Holds nothing yet for this address, as the rate limits count addresses.
    pub(crate) fn hold(self: &Arc<Self>, address: u128, holder: Holder) -> Held {
        Held { budget: Arc::clone(self), place: self.place_of(address), holder, bytes: 0 }
    }

    /// Whether this address could hold a byte more.
    pub(crate) fn has_room(&self, address: u128, holder: Holder) -> bool {
        let (held, per_address) = (self.held(), Self::most_per_address(self.most, holder));
        // Nobody can hold more than all together: most of the time that is the whole question.
        if held < per_address {
            return true;
        }
        let in_place = self.places.get(self.place_of(address)).map_or(0, |place| place.load(Ordering::Relaxed));
        held < holder.part_of(self.most) && in_place < per_address
    }

    fn place_of(&self, address: u128) -> usize {
        usize::try_from(self.hasher.hash_one(address) % PLACES as u64).unwrap_or(0)
    }

    /// How many bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, place: usize, holder: Holder, bytes: usize) -> Result<(), Exhausted> {
        let place = self.places.get(place).ok_or(Exhausted)?;
        take(&self.held, bytes, holder.part_of(self.most))?;
        take(place, bytes, Self::most_per_address(self.most, holder)).inspect_err(|_| {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
        })
    }

    /// How often something was refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The most bytes that one address can hold.
    pub(crate) const fn most_per_address(most: usize, holder: Holder) -> usize {
        holder.part_of(most / ADDRESSES)
    }
}

impl Held {
    /// Holds so many bytes more.
    ///
    /// # Errors
    /// When the total or the address's share would be exceeded; what was held stays held.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let taken = self.budget.take(self.place, self.holder, bytes);
        if taken.is_err() {
            self.budget.refused.fetch_add(1, Ordering::Relaxed);
            return taken;
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Holds so many bytes, beside these and for the same holder, even beyond the bounds: they are there already.
    pub(crate) fn beside(&self, bytes: usize) -> Self {
        let (budget, place) = (Arc::clone(&self.budget), self.place);
        budget.held.fetch_add(bytes, Ordering::Relaxed);
        if let Some(place) = budget.places.get(place) {
            place.fetch_add(bytes, Ordering::Relaxed);
        }
        Self { budget, place, holder: self.holder, bytes }
    }

    /// Gives so many bytes back, or all if it holds less.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        if bytes == 0 {
            return;
        }
        self.bytes -= bytes;
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(place) = self.budget.places.get(self.place) {
            place.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// How many bytes it holds.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

impl Holder {
    /// What of a bound is open to it: the rest is reserved for signed-in callers.
    const fn part_of(self, most: usize) -> usize {
        match self {
            Self::Anonymous => most - most / RESERVED,
            Self::SignedIn => most,
        }
    }
}

fn take(counter: &AtomicUsize, bytes: usize, most: usize) -> Result<(), Exhausted> {
    let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= most);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).map(|_| ()).map_err(|_| Exhausted)
}

impl fmt::Debug for ByteBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteBudget({} of {})", self.held(), self.most)
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} bytes, {:?})", self.bytes(), self.holder)
    }
}

/// One address holds at most one part of so many.
const ADDRESSES: usize = 8;
/// One part of so many is reserved for signed-in callers.
const RESERVED: usize = 4;
const PLACES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 8 * 1024;

    #[test]
    fn one_address_holds_at_most_an_eighth() {
        let budget = ByteBudget::new(MOST);
        let mut first = budget.hold(1, Holder::SignedIn);
        first.grow(1000).unwrap();
        first.grow(24).unwrap();
        assert_eq!(first.grow(1), Err(Exhausted));
        assert_eq!(budget.hold(1, Holder::SignedIn).grow(1), Err(Exhausted), "another request of the same address");
        assert_eq!((first.bytes(), budget.held(), budget.refused()), (1024, 1024, 2), "what was refused is not held");
    }

    #[test]
    fn a_part_is_reserved_for_signed_in_callers_in_total_and_within_an_address() {
        let budget = ByteBudget::new(MOST);
        // Addresses may share a place: each takes what it can, until nothing more fits anywhere.
        let mut anonymous: Vec<Held> = (0..1000).map(|address| budget.hold(address, Holder::Anonymous)).collect();
        let most = anonymous.iter_mut().filter_map(|held| held.grow(768).ok()).count();
        assert_eq!(most, 8, "eight addresses of 768 bytes are three quarters");
        assert_eq!(budget.hold(5000, Holder::Anonymous).grow(1), Err(Exhausted));
        let mut beside = budget.hold(0, Holder::SignedIn);
        assert_eq!(beside.grow(256), Ok(()), "behind the same address");
        let mut signed_in: Vec<Held> = (2000..3000).map(|address| budget.hold(address, Holder::SignedIn)).collect();
        let more = signed_in.iter_mut().filter_map(|held| held.grow(256).ok()).count();
        assert_eq!((more, budget.held()), (7, MOST));
    }

    #[test]
    fn what_is_dropped_or_given_back_is_free_again() {
        let budget = ByteBudget::new(MOST);
        let mut held = budget.hold(1, Holder::Anonymous);
        held.grow(768).unwrap();
        held.shrink(100);
        assert_eq!(budget.held(), 668);
        held.shrink(1000);
        assert_eq!((held.bytes(), budget.held()), (0, 0), "never more than it held");
        held.grow(768).unwrap();
        drop(held);
        assert_eq!(budget.held(), 0);
        assert_eq!(budget.hold(1, Holder::Anonymous).grow(768), Ok(()), "its address has room again");
    }

    #[test]
    fn what_is_there_already_counts_beyond_the_bound_and_leaves_room_for_others() {
        let budget = ByteBudget::new(MOST);
        assert!(budget.has_room(1, Holder::Anonymous));
        let first = budget.hold(1, Holder::Anonymous).beside(3000);
        assert_eq!((budget.has_room(1, Holder::SignedIn), budget.held()), (false, 3000));
        assert!((2..10).any(|address| budget.has_room(address, Holder::Anonymous)), "others have room");
        let others: Vec<Held> = (2..10).map(|address| budget.hold(address, Holder::Anonymous).beside(400)).collect();
        assert!(!(10..100).any(|address| budget.has_room(address, Holder::Anonymous)), "three quarters are taken");
        assert!((10..100).any(|address| budget.has_room(address, Holder::SignedIn)));
        drop((first, others));
        assert_eq!((budget.has_room(1, Holder::Anonymous), budget.held()), (true, 0));
    }

    #[test]
    fn a_sum_that_overflows_is_refused() {
        let budget = ByteBudget::new(usize::MAX);
        let mut held = budget.hold(1, Holder::SignedIn);
        held.grow(1).unwrap();
        assert_eq!(held.grow(usize::MAX), Err(Exhausted));
        assert_eq!(budget.held(), 1);
    }

    #[test]
    fn fifty_threads_never_hold_more_than_the_bound() {
        let budget = ByteBudget::new(MOST);
        let hold_often = &|address| {
            for _ in 0..1000 {
                let mut held = budget.hold(address, Holder::Anonymous);
                let _ = held.grow(700);
                assert!(budget.held() <= MOST - MOST / RESERVED);
            }
        };
        std::thread::scope(|scope| (0..50).for_each(|address| drop(scope.spawn(move || hold_often(address)))));
        assert_eq!(budget.held(), 0);
    }
}
