use std::time::Duration;

use portcullis_core::Timestamp;

/// What a key is used for at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Published, so that verifiers know it before the first token signed with it.
    Next,
    /// Signs and verifies.
    Active,
    /// Verifies the last tokens that it signed.
    Retiring,
    /// Neither; it can be deleted.
    Gone,
}

/// How long verifiers may cache the key set; a new key waits this long before it signs.
pub(super) const CACHED: Duration = Duration::from_secs(900);
/// Clocks differ by less than this.
const SKEW: Duration = Duration::from_secs(60);

/// The use of each key now, given when each begins to sign; the last one that has begun is the active one.
///
/// A key that stopped signing verifies until the last token that it signed has expired.
pub(super) fn plan(signs_from: &[Timestamp], now: Timestamp, token_lifetime: Duration) -> Vec<Use> {
    let use_of = |own: Timestamp| {
        if own > now {
            return Use::Next;
        }
        match signs_from.iter().copied().filter(|other| *other > own && *other <= now).min() {
            None => Use::Active,
            Some(superseded) if now <= superseded + token_lifetime + SKEW => Use::Retiring,
            Some(_) => Use::Gone,
        }
    };
    signs_from.iter().map(|own| use_of(*own)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_publishes_first_signs_then_and_retires_when_the_last_token_is_gone() {
        let at = Timestamp::from_seconds;
        let lifetime = Duration::from_secs(1800);
        let keys = [at(0), at(10_900)];
        for (now, expected) in [
            (10_000, [Use::Active, Use::Next]),
            (10_899, [Use::Active, Use::Next]),
            (10_900, [Use::Retiring, Use::Active]),
            (10_900 + 1860, [Use::Retiring, Use::Active]),
            (10_900 + 1861, [Use::Gone, Use::Active]),
        ] {
            assert_eq!(plan(&keys, at(now), lifetime), expected, "{now}");
        }
    }
}
