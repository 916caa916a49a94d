use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says which remembered credentials are still to be believed.
///
/// A verified credential is remembered together with its subject's stamp, read *before* the verification began. Whoever disables a
/// user, changes a role or ends a session calls [`forget`](Self::forget) after the commit; from then on every remembered credential of
/// that subject is verified anew. Memory is bounded: subjects share a fixed number of stamps, and sharing one costs a re-verification.
#[derive(Clone, Debug)]
pub struct Revocations {
    total: Arc<AtomicU64>,
    stamps: Arc<[AtomicU64]>,
    hasher: RandomState,
}

impl Revocations {
    /// Nothing revoked yet.
    #[must_use]
    pub fn new() -> Self {
        Self { total: Arc::default(), stamps: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
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
