use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

use super::operation::Kind;
use super::outcome::{Judgement, Outcome};

/// What was measured so far. Its size is fixed by the run's plan, not by the number of requests.
#[derive(Clone)]
pub(super) struct Measurements {
    fine: Histogram<u32>,
    coarse: Histogram<u32>,
    pub(super) rows: BTreeMap<(Kind, Outcome), Row>,
    /// From the moment when a request was due to the one when it went out.
    pub(super) delays: Histogram<u32>,
    pub(super) intervals: Vec<Interval>,
    /// How long each interval is.
    pub(super) width: Duration,
}

/// The requests of one operation that ended in one way.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) judgement: Judgement,
    /// In microseconds.
    pub(super) latencies: Histogram<u32>,
    /// The shortest and the longest `Retry-After`, in seconds.
    pub(super) retry_after: Option<(u64, u64)>,
}

/// What happened to the requests that were due in one interval.
#[derive(Clone, Default)]
pub(super) struct Interval {
    pub(super) expected: u64,
    pub(super) shed: u64,
    pub(super) unexpected: u64,
    pub(super) latencies: BTreeMap<Kind, Histogram<u32>>,
}

/// One request that has ended.
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) judgement: Judgement,
    /// When it was due, from the beginning.
    pub(super) due: Duration,
    /// From the moment when it was due to the one when it went out, if it had a moment of its own.
    pub(super) delay: Option<Duration>,
    /// From the moment when it was due.
    pub(super) latency: Duration,
    pub(super) retry_after: Option<u64>,
}

impl Measurements {
    pub(super) fn new(time: Duration) -> Result<Self, CreationError> {
        let fine = Histogram::new_with_bounds(1, LONGEST_MICROS, 3)?;
        let coarse = Histogram::new_with_bounds(1, LONGEST_MICROS, 2)?;
        let seconds = time.as_secs().max(1);
        let width = seconds.div_ceil(MOST_INTERVALS);
        let intervals = vec![Interval::default(); usize::try_from(seconds.div_ceil(width)).unwrap_or(1)];
        Ok(Self { delays: fine.clone(), fine, coarse, rows: BTreeMap::new(), intervals, width: Duration::from_secs(width) })
    }

    pub(super) fn record(&mut self, sample: &Sample) {
        let micros = micros(sample.latency);
        let row = self.row(sample);
        row.latencies.saturating_record(micros);
        if let Some(seconds) = sample.retry_after {
            let (least, most) = row.retry_after.unwrap_or((seconds, seconds));
            row.retry_after = Some((least.min(seconds), most.max(seconds)));
        }
        if let Some(delay) = sample.delay {
            self.delays.saturating_record(self::micros(delay));
        }
        let number = usize::try_from(sample.due.as_secs() / self.width.as_secs().max(1)).unwrap_or(usize::MAX);
        let Some(interval) = self.intervals.get_mut(number) else { return };
        match sample.judgement {
            Judgement::Expected => interval.expected += 1,
            Judgement::Shed => interval.shed += 1,
            Judgement::Unexpected => interval.unexpected += 1,
        }
        let coarse = &self.coarse;
        interval.latencies.entry(sample.kind).or_insert_with(|| Histogram::new_from(coarse)).saturating_record(micros);
    }

    /// The row of a sample. A service that answers with ever new statuses doesn't make the table longer.
    fn row(&mut self, sample: &Sample) -> &mut Row {
        let known = self.rows.contains_key(&(sample.kind, sample.outcome));
        let is_full = !known && self.rows.keys().filter(|(kind, _)| *kind == sample.kind).count() >= MOST_ROWS;
        let outcome = if is_full { Outcome::OtherStatus } else { sample.outcome };
        let fine = &self.fine;
        self.rows.entry((sample.kind, outcome)).or_insert_with(|| Row {
            judgement: sample.judgement,
            latencies: Histogram::new_from(fine),
            retry_after: None,
        })
    }

    /// How many requests have ended, and with which judgements.
    pub(super) fn count(&self, judgement: Judgement) -> u64 {
        self.rows.values().filter(|row| row.judgement == judgement).map(|row| row.latencies.len()).sum()
    }

    /// The latencies of one operation, as far as the rows are wanted.
    pub(super) fn latencies(&self, kind: Kind, wanted: impl Fn(&Row) -> bool) -> Histogram<u32> {
        let mut all = Histogram::new_from(&self.fine);
        for (_, row) in self.rows.iter().filter(|((of, _), row)| *of == kind && wanted(row)) {
            // All histograms have the same bounds.
            let _ = all.add(&row.latencies);
        }
        all
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(LONGEST_MICROS).clamp(1, LONGEST_MICROS)
}

/// Two days: longer than any load lasts.
const LONGEST_MICROS: u64 = 2 * 86_400 * 1_000_000;
const MOST_INTERVALS: u64 = 120;
const MOST_ROWS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(outcome: Outcome, judgement: Judgement, due: u64, latency: u64) -> Sample {
        let (due, latency) = (Duration::from_secs(due), Duration::from_millis(latency));
        Sample { kind: Kind::Read, outcome, judgement, due, delay: None, latency, retry_after: None }
    }

    #[test]
    fn requests_are_counted_in_the_interval_in_which_they_were_due() {
        let mut measurements = Measurements::new(Duration::from_secs(240)).unwrap();
        assert_eq!((measurements.intervals.len(), measurements.width), (120, Duration::from_secs(2)));
        measurements.record(&sample(Outcome::Status(200), Judgement::Expected, 3, 9000));
        assert_eq!(measurements.intervals[1].expected, 1);
        measurements.record(&sample(Outcome::Status(429), Judgement::Shed, 239, 1));
        assert_eq!(measurements.intervals[119].shed, 1);
    }

    #[test]
    fn shed_answers_do_not_flatter_the_rest() {
        let mut measurements = Measurements::new(Duration::from_secs(1)).unwrap();
        for _ in 0..99 {
            measurements.record(&sample(Outcome::Status(429), Judgement::Shed, 0, 1));
        }
        measurements.record(&sample(Outcome::Status(200), Judgement::Expected, 0, 500));
        let served = measurements.latencies(Kind::Read, |row| row.judgement != Judgement::Shed);
        assert!(served.value_at_quantile(0.5) >= 500_000);
    }

    #[test]
    fn ever_new_statuses_do_not_make_the_table_longer() {
        let mut measurements = Measurements::new(Duration::from_secs(1)).unwrap();
        for status in 200..500 {
            measurements.record(&sample(Outcome::Status(status), Judgement::Expected, 0, 1));
        }
        assert_eq!(measurements.rows.len(), MOST_ROWS + 1);
        assert_eq!(measurements.count(Judgement::Expected), 300);
    }
}
