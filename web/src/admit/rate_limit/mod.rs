//! Rate limits: GCRA per client address and per principal, stricter for endpoints that take credentials.
//!
//! Let through: what stays within the quota. Refused with 429: the rest, before authentication (by address) and before the body is read.
//! Memory is bounded whatever addresses are forged: above the cap, addresses share a fixed number of buckets until old ones have run out,
//! so that nobody resets their own bucket by filling the table, and an unknown address is still limited.

mod quota;
pub use quota::{Quota, RateLimitSettings};
mod limiter;
use limiter::Limiter;
mod verdict;
pub(crate) use verdict::{RATE_LIMIT, RATE_LIMIT_POLICY, Verdict};

use std::hash::{BuildHasher as _, RandomState};

use portcullis_core::Timestamp;

use super::client_ip::ClientAddress;
use crate::app::Class;

/// The limiters of a service.
#[derive(Debug)]
pub(crate) struct RateLimits {
    default: Option<Limiter>,
    credentials: Option<Limiter>,
    principal: Option<Limiter>,
    hasher: RandomState,
}

impl RateLimits {
    pub(crate) fn new(settings: &RateLimitSettings, now: Timestamp) -> Self {
        let limiter = |name, quota: Quota| Limiter::new(name, quota, now);
        Self {
            default: limiter("default", settings.default),
            credentials: limiter("credentials", settings.credentials),
            principal: limiter("principal", settings.principal),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request that came from this address at this moment; `None` when the class isn't limited.
    pub(crate) fn check_address(&self, address: ClientAddress, class: Class, now: Timestamp) -> Option<Verdict> {
        let limiter = match class {
            Class::Default => &self.default,
            Class::Credentials => &self.credentials,
        };
        limiter.as_ref().map(|limiter| limiter.check(self.hasher.hash_one(address.bucket()), now))
    }

    /// Counts a request of this principal.
    pub(crate) fn check_principal(&self, subject: &str, now: Timestamp) -> Option<Verdict> {
        self.principal.as_ref().map(|limiter| limiter.check(self.hasher.hash_one(subject), now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(number: u32) -> ClientAddress {
        ClientAddress::new(std::net::Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn a_client_has_its_quota_and_gets_it_back_in_time() {
        let start = Timestamp::from_seconds(1000);
        let settings = RateLimitSettings { credentials: "5/min".parse().unwrap(), ..RateLimitSettings::default() };
        let limits = RateLimits::new(&settings, start);
        let check = |number, now| limits.check_address(address(number), Class::Credentials, now).unwrap().is_allowed();
        assert_eq!((0..8).filter(|_| check(1, start)).count(), 5);
        assert!(check(2, start), "another address has its own");
        let later = start + Duration::from_secs(12);
        assert!(check(1, later));
        assert!(!check(1, later));
        assert!(!check(1, start), "a moment that comes late wins nothing");
    }

    #[test]
    fn a_million_forged_addresses_leave_memory_flat_and_nobody_unlimited() {
        let start = Timestamp::from_seconds(1000);
        let settings = RateLimitSettings { credentials: "5/min".parse().unwrap(), ..RateLimitSettings::default() };
        let limits = RateLimits::new(&settings, start);
        let check = |number| limits.check_address(address(number), Class::Credentials, start).unwrap().is_allowed();
        assert_eq!((0..8).filter(|_| check(7)).count(), 5);
        for number in 0..1_000_000 {
            check(number + 100);
        }
        let keys = limits.credentials.as_ref().unwrap().keys();
        assert!(keys < 300_000, "{keys}");
        let passed = (0..100).filter(|_| check(7)).count();
        assert!(passed <= 5, "an address that filled the table won {passed} requests");
    }
}
