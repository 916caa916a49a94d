use std::time::Duration;

use clap::ValueEnum;

use super::operation::Kind;
use super::quantity::Rate;

/// What is asked for, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Log-ins with the right password.
    LogIn,
    /// Reads by logged-in users.
    Read,
    /// Writes by logged-in users.
    Write,
    /// Of 50 requests 45 reads, 4 writes, 1 log-in.
    Mixed,
    /// Many log-ins at the same moment, while reads go on.
    Storm,
}

/// A stream of requests with a timetable.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timetable {
    /// The kinds of requests, over and over.
    pub(super) pattern: Vec<Kind>,
    /// How often; all at once if there is none.
    pub(super) rate: Option<Rate>,
    pub(super) requests: u64,
    /// At most so many at the same time.
    pub(super) in_flight: usize,
}

impl Scenario {
    pub(super) fn timetables(self, rate: Rate, time: Duration, in_flight: usize, storm: u32) -> Vec<Timetable> {
        let even = |pattern| Timetable { pattern, rate: Some(rate), requests: rate.requests_in(time), in_flight };
        match self {
            Self::LogIn => vec![even(vec![Kind::LogIn])],
            Self::Read => vec![even(vec![Kind::Read])],
            Self::Write => vec![even(vec![Kind::Write])],
            Self::Mixed => vec![even(interleaved(&[(Kind::Read, 45), (Kind::Write, 4), (Kind::LogIn, 1)]))],
            Self::Storm => {
                let in_flight = usize::try_from(storm).unwrap_or(usize::MAX);
                let log_ins = Timetable { pattern: vec![Kind::LogIn], rate: None, requests: u64::from(storm), in_flight };
                vec![log_ins, even(vec![Kind::Read])]
            }
        }
    }

    pub(super) fn does(self, kind: Kind) -> bool {
        match self {
            Self::LogIn => kind == Kind::LogIn,
            Self::Read => kind == Kind::Read,
            Self::Write => kind == Kind::Write,
            Self::Mixed => true,
            Self::Storm => kind != Kind::Write,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::Read => "read",
            Self::Write => "write",
            Self::Mixed => "mixed",
            Self::Storm => "storm",
        }
    }
}

/// Spreads each kind evenly: at each step the one that lags most behind its weight is next.
fn interleaved(weights: &[(Kind, u32)]) -> Vec<Kind> {
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut credit: Vec<i64> = vec![0; weights.len()];
    let mut pattern = Vec::new();
    for _ in 0..total {
        for (credit, (_, weight)) in credit.iter_mut().zip(weights) {
            *credit += i64::from(*weight);
        }
        let best = credit.iter_mut().zip(weights).max_by_key(|(credit, _)| **credit);
        if let Some((credit, (kind, _))) = best {
            *credit -= i64::from(total);
            pattern.push(*kind);
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_spread_evenly() {
        let pattern = interleaved(&[(Kind::Read, 45), (Kind::Write, 4), (Kind::LogIn, 1)]);
        let of = |kind| pattern.iter().filter(|each| **each == kind).count();
        assert_eq!((of(Kind::Read), of(Kind::Write), of(Kind::LogIn)), (45, 4, 1));
        let writes: Vec<_> = pattern.iter().enumerate().filter(|(_, kind)| **kind == Kind::Write).map(|(at, _)| at).collect();
        assert!(writes.windows(2).all(|pair| pair[1] - pair[0] > 8), "{writes:?}");
    }

    #[test]
    fn a_storm_is_all_at_once_beside_reads() {
        let tables = Scenario::Storm.timetables("10/s".parse().unwrap(), Duration::from_secs(3), 4, 200);
        assert_eq!((tables[0].rate, tables[0].requests, tables[0].in_flight), (None, 200, 200));
        assert_eq!((tables[1].requests, tables[1].in_flight), (30, 4));
    }
}
