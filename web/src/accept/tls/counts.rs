use std::sync::atomic::{AtomicU64, Ordering};

/// What became of certificates since the start, for the metrics.
#[derive(Debug, Default)]
pub struct CertificateCounts {
    refused: AtomicU64,
    renewed: AtomicU64,
    renewals_failed: AtomicU64,
}

impl CertificateCounts {
    /// Changed files whose pair was not taken.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Certificates that the ACME authority issued.
    #[must_use]
    pub fn renewals(&self) -> u64 {
        self.renewed.load(Ordering::Relaxed)
    }

    /// Attempts at such a certificate that failed.
    #[must_use]
    pub fn failed_renewals(&self) -> u64 {
        self.renewals_failed.load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn renewed(&self) {
        self.renewed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn renewal_failed(&self) {
        self.renewals_failed.fetch_add(1, Ordering::Relaxed);
    }
}
