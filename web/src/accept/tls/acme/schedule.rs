//! When to renew and when to try again: decisions without a clock or chance of their own.

use std::time::Duration;

use portcullis_core::Timestamp;

/// When a certificate is renewed without the authority's advice: at two thirds of its life, or a little later.
pub(super) fn own_moment(begins: Timestamp, expires: Timestamp, chance: f64) -> Timestamp {
    let life = expires.since(begins);
    begins + life * 2 / 3 + (life / JITTER).mul_f64(chance)
}

/// A moment in the window that the authority advises ([RFC 9773 section 4.2](https://www.rfc-editor.org/rfc/rfc9773#section-4.2)), but before
/// the certificate ends. No window: no advice.
pub(super) fn advised_moment(window: (Timestamp, Timestamp), (begins, expires): (Timestamp, Timestamp), chance: f64) -> Option<Timestamp> {
    let (start, end) = window;
    if end <= start {
        return None;
    }
    let latest = expires - expires.since(begins) / 10;
    Some((start + end.since(start).mul_f64(chance)).min(latest))
}

/// For how long the authority's advice is believed: what it says, within a minute and a day.
pub(super) fn advice_lasts(said: Duration) -> Duration {
    said.clamp(Duration::from_secs(60), Duration::from_secs(86_400))
}

/// How long to wait after so many failures in a row; never shorter than the authority says.
pub(super) fn back_off(failures: u32, is_passing: bool, said: Option<Duration>, chance: f64) -> Duration {
    let (first, most) = if is_passing { (SOON, SOON_MOST) } else { (LATER, LATER_MOST) };
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(20)));
    let own = doubled.min(most).mul_f64(1.0 + chance / 10.0);
    own.max(said.unwrap_or_default().min(LONGEST_SAID))
}

/// A thirtieth of its life is how far renewals of many instances spread.
const JITTER: u32 = 30;
/// After a failure that cost the authority nothing.
const SOON: Duration = Duration::from_secs(15);
const SOON_MOST: Duration = Duration::from_secs(600);
/// After a refusal: Let's Encrypt allows five an hour for each name.
const LATER: Duration = Duration::from_secs(300);
const LATER_MOST: Duration = Duration::from_secs(6 * 3600);
/// A longer wait could outlast a certificate.
const LONGEST_SAID: Duration = Duration::from_secs(7 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(day: u32) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000) + DAY * day
    }

    #[test]
    fn without_advice_two_thirds_of_the_life_pass() {
        assert_eq!(own_moment(at(0), at(90), 0.0), at(60));
        assert_eq!(own_moment(at(0), at(90), 1.0), at(63));
    }

    #[test]
    fn advice_is_a_moment_in_the_window_and_never_after_the_end() {
        let life = (at(0), at(90));
        assert_eq!(advised_moment((at(10), at(20)), life, 0.5), Some(at(15)));
        assert_eq!(advised_moment((at(95), at(100)), life, 0.5), Some(at(81)));
        assert_eq!(advised_moment((at(20), at(10)), life, 0.5), None);
    }

    #[test]
    fn failures_wait_longer_each_time_and_as_long_as_the_authority_says() {
        let minutes = |failures| back_off(failures, false, None, 0.0).as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 20, u32::MAX].map(minutes), [5, 10, 20, 40, 360, 360]);
        assert_eq!(back_off(1, true, None, 0.0), SOON);
        assert_eq!(back_off(9, true, None, 0.0), SOON_MOST);
        assert_eq!(back_off(1, true, Some(DAY), 0.0), DAY);
        assert_eq!(back_off(1, false, Some(Duration::ZERO), 0.0), LATER);
        assert_eq!(back_off(1, false, Some(DAY * 1000), 0.0), DAY * 7);
        assert_eq!(advice_lasts(Duration::ZERO), Duration::from_secs(60));
        assert_eq!(advice_lasts(DAY * 9), DAY);
    }
}
