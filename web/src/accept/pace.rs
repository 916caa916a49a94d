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
    most: Duration,
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

    /// The time that so many bytes need at the least rate.
    fn time_for(&self, bytes: usize) -> Duration {
        let nanoseconds = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(self.bytes_per_second.max(1));
        Duration::from_nanos(nanoseconds)
    }
}

impl Patience {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, left: pace.window, most: pace.window, waiting_since: None }
    }

    /// For a client that takes bytes long before it says so: over HTTP/2 it may have megabytes sent at once, and makes room again when it
    /// has read half of them. What it takes beyond the least rate gives it more time, as much as it needs to read on at several times that
    /// rate.
    pub(super) fn with_digestion(pace: Pace) -> Self {
        Self { most: pace.window * MOST_WINDOWS, ..Self::new(pace) }
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
        // A client that is over time by more than the bytes are worth stays over time.
        let owed = waited.saturating_sub(self.left);
        self.left = self.left.saturating_sub(waited);
        self.left = self.with(self.pace.time_for(bytes).saturating_sub(owed));
    }

    /// The client took bytes, and none wait any more.
    pub(super) fn took_all(&mut self, bytes: usize, now: Instant) {
        self.took(bytes, now);
        self.waiting_since = None;
    }

    /// The client took bytes at once: none had to wait.
    pub(super) fn add(&mut self, bytes: usize) {
        if self.left < self.most {
            self.left = self.with(self.pace.time_for(bytes));
        }
    }

    /// The time that is left with bytes that need so much of it at the least rate.
    fn with(&self, time: Duration) -> Duration {
        let to_window = time.min(self.pace.window.saturating_sub(self.left));
        (self.left + to_window + (time - to_window) / DIGESTION).min(self.most).max(self.left)
    }

    /// When it is over, unless the client takes something; none while nothing waits. It never moves to an earlier time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + self.left)
    }
}

/// How many times the least rate a client reads at that makes room seldom.
const DIGESTION: u32 = 16;
/// How much time such a client may have at the most.
const MOST_WINDOWS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::LimitsSettings;

    const SECOND: Duration = Duration::from_secs(1);

    fn patience() -> Patience {
        Patience::new(Pace::new(&LimitsSettings::default().limits().unwrap()))
    }

    fn with_digestion() -> Patience {
        Patience::with_digestion(patience().pace)
    }

    /// How many seconds a client lasts that takes so many bytes every so many seconds; none if it lasts for an hour.
    fn lasts(bytes: usize, every: u32) -> Option<u64> {
        lasts_with(patience(), bytes, every)
    }

    fn lasts_with(mut patience: Patience, bytes: usize, every: u32) -> Option<u64> {
        let begin = patience.waiting_since.unwrap_or_else(Instant::now);
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
        assert_eq!(lasts(30 * 1024, 30), None, "in parts that need the whole window");
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
    fn a_client_may_make_room_seldom_if_it_reads_on_at_a_fair_rate() {
        let now = Instant::now();
        let first = |bytes: usize| {
            let mut patience = with_digestion();
            patience.start(now);
            patience.took(bytes, now);
            patience
        };
        // 20 KiB a second of a window of a mebibyte, half of which it gives back at once.
        assert_eq!(lasts_with(first(1024 * 1024), 512 * 1024, 26), None);
        assert_eq!(lasts(512 * 1024, 31), Some(31), "not so over HTTP/1.1, where the system shows what is read");
        assert_eq!(lasts_with(first(64 * 1024), 0, 1), Some(35), "four seconds for 64 KiB");
        assert_eq!(lasts_with(first(1 << 30), 0, 1), Some(301), "however much it took");
        for (bytes, every, seconds) in [(0, 1, 31), (1, 1, 31), (512, 1, 60), (1, 29, 31)] {
            assert_eq!(lasts_with(with_digestion(), bytes, every), Some(seconds), "{bytes} every {every} s");
        }
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
