//! The rate at which a client has to take an answer.
//!
//! Let through: a client that takes at least the rate, averaged over the window, of every answer whose bytes wait for it. Refused: one that
//! takes less, however it goes about it: nothing at all, a byte now and then, or another answer instead. Time counts only while bytes wait,
//! so a stream of events with nothing to say may stay silent for ever.

use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// The least rate, and the time over which it is averaged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    bytes_per_second: u32,
    window: Duration,
}

/// How much longer a client may keep bytes waiting.
///
/// Each answer begins with a whole window. Waiting uses it up, and bytes taken give back the time that they need at the least rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pace: Pace,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes_per_second: limits.answer_bytes_per_second, window: limits.write_stall }
    }

    pub(super) const fn window(&self) -> Duration {
        self.window
    }

    /// How many bytes have to be taken in one window.
    pub(super) fn bytes_in_window(&self) -> usize {
        let bytes = self.window.as_millis().saturating_mul(self.bytes_per_second.into()) / 1000;
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// The time that so many bytes need at the least rate, up to a window.
    fn time_for(&self, bytes: usize) -> Duration {
        let nanoseconds = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(self.bytes_per_second.max(1));
        Duration::from_nanos(nanoseconds).min(self.window)
    }
}

impl Patience {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, left: pace.window, waiting_since: None }
    }

    /// Bytes wait from now on, if none did before.
    pub(super) fn start(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// Whether bytes wait.
    pub(super) const fn is_waiting(&self) -> bool {
        self.waiting_since.is_some()
    }

    /// The client took bytes, and others still wait.
    pub(super) fn took(&mut self, bytes: usize, now: Instant) {
        let waited = self.waiting_since.replace(now).map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        // In this order: whoever is over time by more than the bytes are worth stays over time.
        self.left = (self.left + self.pace.time_for(bytes)).saturating_sub(waited).min(self.pace.window);
    }

    /// The client took bytes, and none wait any more.
    pub(super) fn took_all(&mut self, bytes: usize, now: Instant) {
        self.took(bytes, now);
        self.waiting_since = None;
    }

    /// The client took bytes at once: none had to wait.
    pub(super) fn add(&mut self, bytes: usize) {
        if self.left < self.pace.window {
            self.left = (self.left + self.pace.time_for(bytes)).min(self.pace.window);
        }
    }

    /// When it is over, unless the client takes something; none while nothing waits. It never moves to an earlier time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::LimitsSettings;

    const SECOND: Duration = Duration::from_secs(1);

    fn patience() -> Patience {
        Patience::new(Pace::new(&LimitsSettings::default().limits().unwrap()))
    }

    /// How many seconds a client lasts that takes so many bytes every so many seconds; none if it lasts for an hour.
    fn lasts(bytes: usize, every: u32) -> Option<u64> {
        let begin = Instant::now();
        let mut patience = patience();
        patience.start(begin);
        for second in 1..=3600_u32 {
            let now = begin + SECOND * second;
            if patience.deadline().unwrap() < now {
                return Some(second.into());
            }
            if second % every == 0 {
                patience.took(bytes, now);
            }
        }
        None
    }

    #[test]
    fn the_default_is_a_kibibyte_a_second_over_half_a_minute() {
        assert_eq!(lasts(0, 1), Some(31));
        assert_eq!(lasts(1, 1), Some(31), "one byte a second");
        assert_eq!(lasts(512, 1), Some(60), "half the rate lasts twice as long");
        assert_eq!(lasts(1024, 1), None);
        assert_eq!(lasts(20 * 1024, 20), None, "in parts of 20 KiB");
        assert_eq!(lasts(1, 29), Some(31), "a byte just in time");
    }

    #[test]
    fn time_counts_only_while_bytes_wait() {
        let mut patience = patience();
        let mut now = Instant::now();
        for _ in 0..100 {
            patience.start(now);
            patience.took_all(100, now + SECOND / 100);
            assert_eq!(patience.deadline(), None);
            now += SECOND * 3600;
        }
        patience.start(now);
        assert_eq!(patience.deadline(), Some(now + SECOND * 30));
    }

    #[test]
    fn a_few_bytes_that_come_too_late_do_not_help() {
        let (mut patience, now) = (patience(), Instant::now());
        patience.start(now);
        patience.took(1024, now + SECOND * 31);
        assert_eq!(patience.deadline(), Some(now + SECOND * 31), "it is over now");
    }

    #[test]
    fn bytes_taken_never_give_more_than_a_window() {
        let (mut patience, now) = (patience(), Instant::now());
        patience.add(usize::MAX);
        patience.start(now);
        patience.took(usize::MAX, now);
        assert_eq!(patience.deadline(), Some(now + SECOND * 30));
    }
}
