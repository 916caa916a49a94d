//! Which refused requests have a line of their own.
//!
//! Let through: so many lines of one client address (IPv6: one /64) as the setting `log.refusals_per_address` says, and of all addresses
//! together no more than a fixed number. What goes beyond is counted, and each address has one line for it every ten seconds. Memory is
//! bounded: above so many addresses, the others are counted together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::Timestamp;
use prometheus_client::metrics::counter::Counter;

use super::pace::{Pace, Used};
use crate::admit::{ClientAddress, Quota};

/// Counts refused requests by address.
#[derive(Debug)]
pub(super) struct Refusals {
    pace: Option<Pace>,
    counts: Mutex<Counts>,
    aggregated: Counter,
}

#[derive(Debug, Default)]
struct Counts {
    by_bucket: HashMap<u128, Count>,
    others: Count,
    lines: Used,
}

#[derive(Debug, Default)]
struct Count {
    lines: Used,
    surplus: Option<Surplus>,
}

/// Refused requests without a line of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Surplus {
    /// The first one's address; none where too many addresses are counted together.
    pub(super) address: Option<IpAddr>,
    pub(super) requests: u64,
    /// Those of them that a rate limit refused.
    pub(super) rate_limited: u64,
    pub(super) since: Timestamp,
}

impl Refusals {
    pub(super) fn new(quota: Quota, aggregated: Counter) -> Self {
        let pace = quota.limit().map(|(lines, period)| Pace::new(lines.get(), period));
        Self { pace, counts: Mutex::default(), aggregated }
    }

    /// Whether a refused request has a line of its own; counts it when it hasn't.
    pub(super) fn admit(&self, client: ClientAddress, status: u16, now: Timestamp) -> bool {
        let Some(pace) = self.pace else { return true };
        let mut counts = self.counts();
        let Counts { by_bucket, others, lines } = &mut *counts;
        let is_known = by_bucket.len() < MOST_BUCKETS || by_bucket.contains_key(&client.bucket());
        let count = if is_known { by_bucket.entry(client.bucket()).or_default() } else { others };
        if pace.take(&mut count.lines, now) && ALL.take(lines, now) {
            return true;
        }
        let address = is_known.then_some(client.ip());
        let surplus = count.surplus.get_or_insert(Surplus { address, requests: 0, rate_limited: 0, since: now });
        surplus.requests += 1;
        surplus.rate_limited += u64::from(status == 429);
        self.aggregated.inc();
        false
    }

    /// What is to be written now: once in an interval for each address, and everything at the end.
    pub(super) fn due(&self, now: Timestamp, is_ending: bool) -> Vec<Surplus> {
        let mut counts = self.counts();
        let mut due = Vec::new();
        let mut take = |count: &mut Count| {
            due.extend(count.surplus.take_if(|surplus| is_ending || now.since(surplus.since) >= INTERVAL));
        };
        take(&mut counts.others);
        counts.by_bucket.retain(|_, count| {
            take(count);
            count.surplus.is_some() || !count.lines.is_whole(now)
        });
        due
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const INTERVAL: Duration = Duration::from_secs(10);
/// Addresses that are counted apart.
const MOST_BUCKETS: usize = 1024;
/// Lines of all addresses together.
const ALL: Pace = Pace::per_hour(36_000);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals() -> Refusals {
        Refusals::new("60/min".parse().unwrap(), Counter::default())
    }

    fn client(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().unwrap())
    }

    fn numbered(number: u32) -> ClientAddress {
        ClientAddress::new(std::net::Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn an_address_has_its_lines_and_then_one_for_the_rest_every_ten_seconds() {
        let (refusals, start) = (refusals(), Timestamp::from_seconds(1_000_000));
        let flood =
            |now| (0..1000).filter(|number| refusals.admit(client("192.0.2.1"), if number % 4 == 0 { 404 } else { 429 }, now)).count();
        assert_eq!(flood(start), 60);
        assert!(refusals.admit(client("192.0.2.2"), 429, start), "another address has its own");
        assert!(refusals.due(start + Duration::from_secs(9), false).is_empty());
        let due = refusals.due(start + Duration::from_secs(10), false);
        let address = Some("192.0.2.1".parse().unwrap());
        assert_eq!(due, [Surplus { address, requests: 940, rate_limited: 705, since: start }]);
        assert_eq!(flood(start + Duration::from_secs(10)), 10);
        assert_eq!(refusals.due(start + Duration::from_secs(10), true)[0].requests, 990, "everything is written at the end");
        assert_eq!(refusals.aggregated.get(), 940 + 990);
        assert!(refusals.due(start + Duration::from_secs(3600), true).is_empty());
        assert!(refusals.counts().by_bucket.is_empty(), "an address that came to rest is forgotten");
    }

    #[test]
    fn one_64_of_ipv6_is_one_address_and_a_mapped_address_is_ipv4() {
        let (refusals, now) = (refusals(), Timestamp::from_seconds(1_000_000));
        assert_eq!((0..500).filter(|last| refusals.admit(client(&format!("2001:db8::{last:x}")), 429, now)).count(), 60);
        assert_eq!((0..500).filter(|last| refusals.admit(client(["::ffff:192.0.2.1", "192.0.2.1"][last % 2]), 429, now)).count(), 60);
        assert_eq!(refusals.due(now, true).len(), 2);
    }

    #[test]
    fn a_million_addresses_take_bounded_memory_and_lines_and_none_is_forgotten() {
        let (refusals, now) = (refusals(), Timestamp::from_seconds(1_000_000));
        // Without the total, every one of them would have sixty.
        let mut lines = (0..1_000_000).filter(|number| refusals.admit(numbered(*number), 429, now)).count();
        assert_eq!((lines, refusals.counts().by_bucket.len()), (MOST_BUCKETS + 60, MOST_BUCKETS));
        lines += (0..100_000).filter(|number| refusals.admit(numbered(number % 1024), 429, now)).count();
        let due = refusals.due(now, true);
        assert!(due.len() <= MOST_BUCKETS + 1 && lines <= 36_000);
        assert_eq!(due.iter().map(|surplus| surplus.requests).sum::<u64>() + lines as u64, 1_100_000);
        assert_eq!(due.iter().filter(|surplus| surplus.address.is_none()).count(), 1);
    }

    #[test]
    fn without_a_quota_every_refusal_has_its_line() {
        let refusals = Refusals::new("off".parse().unwrap(), Counter::default());
        assert!((0..1000).all(|_| refusals.admit(client("192.0.2.1"), 429, Timestamp::from_seconds(0))));
        assert!(refusals.due(Timestamp::from_seconds(100), true).is_empty());
    }
}
