use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::app::config::written;

/// Rate limits. `off` switches one off and counts as dangerous.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSettings {
    /// Requests of one client address (one /64 of IPv6), such as `600/min`; also `/s` and `/h`.
    pub default: Quota,
    /// Requests of one client address to endpoints that take credentials.
    pub credentials: Quota,
    /// Requests of one principal, whatever the address.
    pub principal: Quota,
}

/// So many requests in so long, all of them at once if need be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Quota(Option<(NonZeroU32, Duration)>);

impl Quota {
    /// The number of requests and the time that they are for; `None` when there is no limit.
    #[must_use]
    pub const fn limit(self) -> Option<(NonZeroU32, Duration)> {
        self.0
    }

    /// So many in a minute.
    pub(crate) fn per_minute(requests: u32) -> Self {
        Self(NonZeroU32::new(requests).map(|requests| (requests, Duration::from_secs(60))))
    }
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { default: Quota::per_minute(1200), credentials: Quota::per_minute(30), principal: Quota::per_minute(2400) }
    }
}

impl FromStr for Quota {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "off" {
            return Ok(Self(None));
        }
        let (number, unit) = text.split_once('/').ok_or(WRONG)?;
        let number = number.trim().parse::<NonZeroU32>().map_err(|_| WRONG)?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "min" | "minute" => 60,
            "h" | "hour" => 3600,
            _ => return Err(WRONG),
        };
        Ok(Self(Some((number, Duration::from_secs(seconds)))))
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some((number, period)) => {
                let unit = match period.as_secs() {
                    1 => "s",
                    60 => "min",
                    _ => "h",
                };
                write!(f, "{number}/{unit}")
            }
        }
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, "a rate like `100/min` (or `/s`, `/h`), or `off`")?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Quota {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quota".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(off|[1-9][0-9]*/(s|min|h))$"})
    }
}

const WRONG: &str = "a rate is written like `100/min` (or `/s`, `/h`), or `off`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for good in ["100/min", "1/s", "5000/h", "off"] {
            assert_eq!(good.parse::<Quota>().unwrap().to_string(), good);
        }
        for bad in ["", "0/min", "-1/min", "100", "100/day", "x/min", "99999999999/min", "1.5/s"] {
            assert!(bad.parse::<Quota>().is_err(), "{bad}");
        }
    }
}
