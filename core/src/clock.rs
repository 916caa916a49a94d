use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment this many seconds after 1970-01-01T00:00:00Z, clamped to what a timestamp can hold.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, the `NumericDate` of [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-2).
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The length of the text of a moment in the years 0 to 9999.
    pub const LENGTH: usize = 27;

    /// Writes the moment as its `Display` does, [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) in UTC with microseconds, into a buffer;
    /// `None` outside of the years 0 to 9999.
    #[must_use]
    pub fn encode(self, buffer: &mut [u8; Self::LENGTH]) -> Option<&str> {
        let (days, micros) = (self.0.div_euclid(MICROS_A_DAY), self.0.rem_euclid(MICROS_A_DAY));
        let (year, month, day) = civil(days)?;
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let [y1, y2] = two_digits(year / 100);
        let [y3, y4] = two_digits(year % 100);
        let [m1, m2] = two_digits(month);
        let [d1, d2] = two_digits(day);
        let [h1, h2] = two_digits(seconds / 3600);
        let [n1, n2] = two_digits(seconds / 60 % 60);
        let [s1, s2] = two_digits(seconds % 60);
        let [f1, f2] = two_digits(fraction / 10_000);
        let [f3, f4] = two_digits(fraction / 100 % 100);
        let [f5, f6] = two_digits(fraction % 100);
        *buffer =
            [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.', f1, f2, f3, f4, f5, f6, b'Z'];
        std::str::from_utf8(buffer).ok()
    }

    /// The time from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A number below 100.
fn two_digits(number: i64) -> [u8; 2] {
    let number = u8::try_from(number % 100).unwrap_or(0);
    [b'0' + number / 10, b'0' + number % 10]
}

/// The date of a day, counted from 1970-01-01, in the proleptic Gregorian calendar; `None` outside of the years 0 to 9999.
///
/// Years begin in March here, so that the leap day is a year's last, and 400 of them are always 146,097 days.
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    let days = days.checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * from_march + 2) / 5 + 1, if from_march < 10 { from_march + 3 } else { from_march - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (0..=9999).contains(&year).then_some((year, month, day))
}

const MICROS_A_DAY: i64 = 86_400_000_000;

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    /// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) in UTC, with microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.encode(&mut [0; Self::LENGTH]) {
            return f.write_str(text);
        }
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(f, "{moment:.6}"),
            Err(_) => f.write_str("out of range"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.encode(&mut [0; Self::LENGTH]) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment: jiff::Timestamp = text.parse().map_err(|_| serde::de::Error::custom("not an RFC 3339 date-time"))?;
        Ok(Self(moment.as_microsecond()))
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time", "maxLength": 40})
    }
}

/// Where the time comes from: the system in production, a value in tests.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The clock of the operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until its [`ManualClock`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let time = Arc::new(AtomicI64::new(start.0));
        (Self(Some(Arc::clone(&time))), ManualClock(time))
    }

    /// The present moment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(time) => Timestamp(time.load(Ordering::Acquire)),
            None => {
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(Timestamp(0), |elapsed| Timestamp(0) + elapsed)
            }
        }
    }
}

impl Clock {
    /// The present moment of a time that never jumps.
    #[must_use]
    pub fn steady(&self) -> Steady {
        match &self.0 {
            Some(time) => Steady::of_manual(time.load(Ordering::Acquire)),
            None => Steady::of_system(Instant::now()),
        }
    }

    /// The steady moment of a request whose time was taken already: from the instant in production, from the timestamp of a manual clock.
    #[must_use]
    pub fn steady_at(&self, at: Timestamp, instant: Instant) -> Steady {
        if self.0.is_some() { Steady::of_manual(at.0) } else { Steady::of_system(instant) }
    }
}

/// A moment of a time that never jumps, however the system's clock is set. Comparable within one process only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Steady(u64);

impl Steady {
    /// Before every other moment.
    pub const NEVER: Self = Self(0);
    /// After every other moment.
    pub const ALWAYS: Self = Self(u64::MAX);

    /// Microseconds since this process first looked.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    fn of_manual(micros: i64) -> Self {
        Self(u64::try_from(micros).unwrap_or(0))
    }

    fn of_system(instant: Instant) -> Self {
        let elapsed = instant.saturating_duration_since(*ORIGIN);
        Self(elapsed.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(elapsed.subsec_micros())))
    }
}

impl std::ops::Add<Duration> for Steady {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Where steady time begins.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(manual)" } else { "Clock(system)" })
    }
}

/// The hand that moves a manual [`Clock`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_rfc_3339_and_back() {
        let moment = Timestamp::from_micros(1_700_000_000_123_456);
        assert_eq!(moment.to_string(), "2023-11-14T22:13:20.123456Z");
        let json = serde_json::to_string(&moment).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
    }

    #[test]
    fn moments_are_written_as_the_library_writes_them() {
        let year = 31_556_952_000_000_i64;
        let (mut micros, mut compared) = (-62_167_219_200_000_000_i64, 0);
        // Every few weeks from the year 0 to 9999, leap days and ends of years among them.
        while micros < 253_402_300_800_000_000 {
            for near in [micros, micros - 1, micros.div_euclid(MICROS_A_DAY) * MICROS_A_DAY] {
                let Ok(moment) = jiff::Timestamp::from_microsecond(near) else { continue };
                if let Some(text) = Timestamp(near).encode(&mut [0; Timestamp::LENGTH]) {
                    assert_eq!(text, format!("{moment:.6}"));
                    compared += 1;
                }
            }
            micros += year / 17 + 12_345_678_901;
        }
        assert!(compared > 100_000, "{compared}");
        for text in
            ["2000-02-29T23:59:59.999999Z", "2100-03-01T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.000001Z"]
        {
            assert_eq!(serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp(i64::MAX).encode(&mut [0; Timestamp::LENGTH]), None);
        assert_eq!(Timestamp(i64::MIN).encode(&mut [0; Timestamp::LENGTH]), None);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(10));
        assert_eq!(clock.now(), Timestamp::from_seconds(10));
        hand.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(15));
    }

    #[test]
    fn steady_time_is_the_instants_in_production_and_the_hands_in_tests() {
        // The first look sets where steady time begins.
        assert!(Clock::system().steady() <= Clock::system().steady());
        let now = Instant::now();
        let (system, (manual, hand)) = (Clock::system(), Clock::manual(Timestamp::from_seconds(10)));
        let (early, late) = (Timestamp::from_seconds(0), Timestamp::from_seconds(4_000_000_000));
        assert_eq!(system.steady_at(early, now), system.steady_at(late, now), "a clock that is set moves nothing");
        assert_eq!(system.steady_at(early, now) + Duration::from_secs(1), system.steady_at(early, now + Duration::from_secs(1)));
        let before = manual.steady();
        hand.advance(Duration::from_secs(5));
        assert_eq!(manual.steady(), before + Duration::from_secs(5));
        assert_eq!(manual.steady_at(Timestamp::from_seconds(15), now), manual.steady());
        assert!(Steady::NEVER < before && before < Steady::ALWAYS);
    }
}
