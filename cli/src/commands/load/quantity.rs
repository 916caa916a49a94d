use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many requests a second, as `200/s` or `90/min`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    number: u32,
    seconds: u32,
}

impl Rate {
    /// When this request is due; the first one is number 0.
    pub(super) fn due_at(self, number: u64) -> Duration {
        let nanos = u128::from(number) * u128::from(self.seconds) * NANOS / u128::from(self.number);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many requests are due by then.
    pub(super) fn due_by(self, elapsed: Duration) -> u64 {
        let requests = elapsed.as_nanos() * u128::from(self.number) / (u128::from(self.seconds) * NANOS);
        u64::try_from(requests + 1).unwrap_or(u64::MAX)
    }

    pub(super) fn per_second(self) -> f64 {
        f64::from(self.number) / f64::from(self.seconds)
    }

    /// How many requests are due within this time.
    pub(super) fn requests_in(self, time: Duration) -> u64 {
        let requests = time.as_millis() * u128::from(self.number) / (u128::from(self.seconds) * 1000);
        u64::try_from(requests).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rate {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "a rate is written like `200/s` or `90/min`, from 1/min to 100000/s";
        let (number, unit) = text.split_once('/').ok_or(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong)?;
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            _ => return Err(wrong),
        };
        if number == 0 || number / seconds > FASTEST { Err(wrong) } else { Ok(Self { number, seconds }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, if self.seconds == 1 { "s" } else { "min" })
    }
}

/// An upper bound of the 99th percentile, as `50ms`, or as `read=5ms` of one operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    /// The operation; every one if there is none.
    pub(super) operation: Option<String>,
    pub(super) latency: Duration,
}

impl FromStr for Bound {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (operation, latency) = match text.split_once('=') {
            Some((operation, latency)) => (Some(operation), latency),
            None => (None, text),
        };
        if operation.is_some_and(|operation| !["log-in", "read", "write"].contains(&operation)) {
            return Err("the operations are `log-in`, `read` and `write`");
        }
        Ok(Self { operation: operation.map(str::to_owned), latency: latency_of(latency)? })
    }
}

fn latency_of(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a latency is written like `50ms` or `1.5s`";
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => return Err(wrong),
    };
    let number: f64 = number.parse().map_err(|_| wrong)?;
    let latency = Duration::try_from_secs_f64(number * unit).map_err(|_| wrong)?;
    if latency.is_zero() || latency > Duration::from_secs(3600) { Err(wrong) } else { Ok(latency) }
}

/// A share, as `0.5%` or `0.005`.
pub(super) fn share(text: &str) -> Result<f64, &'static str> {
    let wrong = "a share is written like `0.5%` or `0.005`, from 0 to 1";
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.parse::<f64>().map_err(|_| wrong)? / whole;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(wrong) }
}

const FASTEST: u32 = 100_000;
const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_requests_in_a_second_or_a_minute() {
        let rate: Rate = "200/s".parse().unwrap();
        assert_eq!((rate.due_at(1), rate.requests_in(Duration::from_secs(30))), (Duration::from_millis(5), 6000));
        let rate: Rate = "150/s".parse().unwrap();
        assert_eq!(rate.due_at(150), Duration::from_secs(1), "a rate doesn't drift");
        assert_eq!((rate.due_by(Duration::ZERO), rate.due_by(Duration::from_secs(1))), (1, 151));
        let rate: Rate = "90/min".parse().unwrap();
        assert_eq!(rate.requests_in(Duration::from_secs(2)), 3);
        assert_eq!(rate.to_string(), "90/min");
    }

    #[test]
    fn absurd_quantities_are_refused() {
        for bad in ["", "0/s", "-1/s", "200", "200/h", "1e3/s", "100001/s", "99999999999/s", "/s", "NaN/s", "1.5/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        for bad in ["", "50", "0ms", "-1ms", "NaNs", "inf s", "infs", "9999999s", "dance=5ms", "=5ms", "read="] {
            assert!(bad.parse::<Bound>().is_err(), "{bad}");
        }
        for bad in ["", "-1", "1.01", "101%", "NaN", "%"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bounds_are_for_all_operations_or_one() {
        assert_eq!("1.5s".parse(), Ok(Bound { operation: None, latency: Duration::from_millis(1500) }));
        assert_eq!("read=5ms".parse(), Ok(Bound { operation: Some("read".to_owned()), latency: Duration::from_millis(5) }));
        assert_eq!(share("0.5%"), Ok(0.005));
    }
}
