use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Steady;

/// Says which remembered credentials are still to be believed.
///
/// A verified credential is remembered together with its subject's stamp, read *before* the verification began. Whoever disables a
/// user, changes a role or ends a session calls [`forget`](Self::forget) after the commit; from then on every remembered credential of
/// that subject is verified anew. Memory is bounded: subjects share a fixed number of stamps, and sharing one costs a re-verification.
///
/// Revocations by other processes are found by looking at the database. Whoever looks [renews](Self::renew) a lease after each look that
/// succeeded: when it has run out, nothing that is remembered counts, so that a database that doesn't answer can't keep a revoked
/// credential alive. Where nobody looks, the lease never runs out.
#[derive(Clone, Debug)]
pub struct Revocations {
    total: Arc<AtomicU64>,
    /// When the lease runs out, in microseconds of steady time.
    lease: Arc<AtomicU64>,
    stamps: Arc<[AtomicU64]>,
    hasher: RandomState,
}

impl Revocations {
    /// Nothing revoked yet.
    #[must_use]
    pub fn new() -> Self {
        let lease = Arc::new(AtomicU64::new(Steady::ALWAYS.as_micros()));
        Self { total: Arc::default(), lease, stamps: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// The slot of a subject, to be kept beside the remembered credential.
    #[must_use]
    pub fn slot(&self, subject: &str) -> usize {
        usize::try_from(self.hasher.hash_one(subject) % SLOTS).unwrap_or(0)
    }

    /// The present stamp of a slot.
    #[must_use]
    pub fn stamp(&self, slot: usize) -> u64 {
        self.stamps.get(slot).map_or(0, |stamp| stamp.load(Ordering::Acquire))
    }

    /// A number that every revocation of anybody changes; read it before a verification whose subject isn't known yet.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Acquire)
    }

    /// Whether what is remembered counts at this moment.
    ///
    /// Ask this before the [stamp](Self::stamp): whoever sees a renewed lease then also sees what was forgotten before the renewal.
    #[must_use]
    pub fn is_leased(&self, at: Steady) -> bool {
        at < self.leased_until()
    }

    /// When the lease runs out.
    #[must_use]
    pub fn leased_until(&self) -> Steady {
        Steady::from_micros(self.lease.load(Ordering::Acquire))
    }

    /// What is remembered counts until this moment. Forget first what the look has found.
    pub fn renew(&self, until: Steady) {
        self.lease.store(until.as_micros(), Ordering::Release);
    }

    /// Nothing that is remembered counts until the lease is renewed.
    pub fn end_lease(&self) {
        self.renew(Steady::NEVER);
    }

    /// Every credential of the subject must be verified anew.
    pub fn forget(&self, subject: &str) {
        self.total.fetch_add(1, Ordering::AcqRel);
        if let Some(stamp) = self.stamps.get(self.slot(subject)) {
            stamp.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Every credential must be verified anew.
    pub fn forget_all(&self) {
        self.total.fetch_add(1, Ordering::AcqRel);
        for stamp in self.stamps.iter() {
            stamp.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Default for Revocations {
    fn default() -> Self {
        Self::new()
    }
}

const SLOTS: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_until_it_runs_out_or_is_ended() {
        let revocations = Revocations::new();
        let at = |second: u64| Steady::from_micros(second * 1_000_000);
        assert!(revocations.is_leased(at(1_000_000)), "nobody looks: nothing runs out");
        revocations.renew(at(10));
        assert!(revocations.is_leased(at(9)) && !revocations.is_leased(at(10)));
        revocations.renew(at(12));
        assert!(revocations.is_leased(at(11)));
        revocations.end_lease();
        assert!(!revocations.is_leased(at(1)));
    }

    #[test]
    fn forgetting_a_subject_changes_its_stamp() {
        let revocations = Revocations::new();
        let slot = revocations.slot("alice");
        let before = revocations.stamp(slot);
        revocations.forget("alice");
        assert_ne!(revocations.stamp(slot), before);
        let before = revocations.stamp(slot);
        revocations.forget_all();
        assert_ne!(revocations.stamp(slot), before);
    }
}
