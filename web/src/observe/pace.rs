use std::time::Duration;

use portcullis_core::Timestamp;

/// So many events in so long, for counters that are too many or too small for the rate limiter's tables: GCRA in one number.
///
/// In any such time there are at most twice as many: all at once, and those that were earned meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Micros in which one event is earned.
    each: i64,
    /// Micros in which all are.
    all: i64,
}

/// What one counter has used of a pace: until when it would have to rest to have everything again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used(i64);

impl Pace {
    pub(super) const fn per_hour(events: i64) -> Self {
        let each = HOUR / events;
        Self { each, all: each * events }
    }

    pub(super) fn new(events: u32, period: Duration) -> Self {
        let events = i64::from(events.max(1));
        let each = (i64::try_from(period.as_micros()).unwrap_or(i64::MAX) / events).max(1);
        Self { each, all: each.saturating_mul(events) }
    }

    /// Counts an event, unless it is too many.
    pub(super) fn take(self, used: &mut Used, now: Timestamp) -> bool {
        let now = now.as_micros();
        // A clock that was put back far doesn't close the counter until it has caught up. A request that began a while ago wins nothing.
        if used.0 > now.saturating_add(self.all).saturating_add(HOUR) {
            used.0 = now.saturating_add(self.all);
        }
        let next = used.0.max(now).saturating_add(self.each);
        let is_within = next.saturating_sub(now) <= self.all;
        if is_within {
            used.0 = next;
        }
        is_within
    }
}

impl Used {
    /// Whether everything has been earned again, so that nothing is lost by forgetting it.
    pub(super) const fn is_whole(self, now: Timestamp) -> bool {
        self.0 <= now.as_micros()
    }
}

const HOUR: i64 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_its_number_at_once_and_earns_it_again_in_the_period() {
        let (pace, mut used) = (Pace::per_hour(10), Used::default());
        let start = Timestamp::from_seconds(1_000_000);
        let mut taken = |second: u64| (0..20).filter(|_| pace.take(&mut used, start + Duration::from_secs(second))).count();
        assert_eq!([taken(0), taken(359), taken(360), taken(3600), taken(3600 * 5)], [10, 0, 1, 9, 10]);
    }

    #[test]
    fn a_moment_that_comes_late_wins_nothing_and_a_clock_that_was_put_back_closes_nothing_for_ever() {
        let (pace, mut used) = (Pace::new(2, Duration::from_secs(60)), Used::default());
        let start = Timestamp::from_seconds(1_000_000);
        assert!(pace.take(&mut used, start) && pace.take(&mut used, start));
        assert!(!pace.take(&mut used, start - Duration::from_secs(3000)) && !pace.take(&mut used, start));
        let long_ago = Timestamp::from_seconds(1000);
        assert!(!pace.take(&mut used, long_ago));
        assert!(pace.take(&mut used, long_ago + Duration::from_secs(30)));
    }
}
