use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Limits;

/// Counts the open connections of one listener, in total and by address.
///
/// Let through: a connection below both caps. Refused: every other one, before a byte of it is read.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    most_per_address: usize,
    most_from_loopback: usize,
    open: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
    by_address: Mutex<HashMap<Origin, usize>>,
}

/// Who a connection counts for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Origin {
    V4(Ipv4Addr),
    /// A household or a server has a whole /64.
    V6([u16; 4]),
}

impl Connections {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            most_from_loopback: limits.connections_from_loopback,
            open: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            by_address: Mutex::default(),
        })
    }

    /// Lets a connection in, or not.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let permit = self.try_admit(address);
        let counter = if permit.is_some() { &self.accepted } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        permit
    }

    fn try_admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let address = address.to_canonical();
        let most = if address.is_loopback() { self.most_from_loopback } else { self.most_per_address };
        let origin = Origin::of(address);
        let mut by_address = self.by_address();
        // Under the lock, so that the total is exact.
        if self.open.load(Ordering::Relaxed) >= self.most {
            return None;
        }
        let count = by_address.entry(origin).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Permit { connections: Arc::clone(self), origin })
    }

    /// How many are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many were let in so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many were refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<Origin, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One counted connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    connections: Arc<Connections>,
    origin: Origin,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut by_address = self.connections.by_address();
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(count) = by_address.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.origin);
            }
        }
    }
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::LimitsSettings;

    fn connections(most: usize, most_per_address: usize) -> Arc<Connections> {
        let mut limits = LimitsSettings::default().limits().unwrap();
        limits.connections = most;
        limits.connections_per_address = most_per_address;
        Connections::new(&limits)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_every_connection() {
        let connections = connections(10, 2);
        let held: Vec<_> = (0..5).filter_map(|_| connections.admit(address("192.0.2.1"))).collect();
        assert_eq!(held.len(), 2);
        assert!(connections.admit(address("192.0.2.2")).is_some());
        drop(held);
        assert!(connections.admit(address("192.0.2.1")).is_some());
        assert_eq!((connections.open(), connections.refused()), (0, 3));
    }

    #[test]
    fn all_addresses_together_stay_below_the_total() {
        let connections = connections(3, 2);
        let held: Vec<_> = (1..=9).filter_map(|last| connections.admit(IpAddr::from([192, 0, 2, last]))).collect();
        assert_eq!((held.len(), connections.open()), (3, 3));
    }

    #[test]
    fn incident_04_ipv6_counts_by_its_64_and_a_mapped_address_as_ipv4() {
        let connections = connections(10, 1);
        let _first = connections.admit(address("2001:db8:0:1::1")).unwrap();
        assert!(connections.admit(address("2001:db8:0:1:ffff::2")).is_none());
        assert!(connections.admit(address("2001:db8:0:2::1")).is_some());
        let _mapped = connections.admit(address("::ffff:192.0.2.1")).unwrap();
        assert!(connections.admit(address("192.0.2.1")).is_none());
    }

    #[test]
    fn an_address_that_left_is_forgotten() {
        let connections = connections(10, 1);
        drop(connections.admit(address("192.0.2.1")));
        assert!(connections.by_address().is_empty());
    }
}
