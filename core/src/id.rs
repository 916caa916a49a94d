use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// An identifier: a version 7 UUID, which sorts by the time it was made ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.7)).
///
/// An identifier is not a secret and never stands in for one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Uuid);

impl Id {
    /// A new identifier that sorts at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_micros().div_euclid(1000)).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid())
    }

    /// The length of the text.
    pub const LENGTH: usize = 36;

    /// Writes the text into a buffer.
    pub fn encode<'buffer>(&self, buffer: &'buffer mut [u8; Self::LENGTH]) -> &'buffer str {
        self.0.as_hyphenated().encode_lower(buffer)
    }

    /// The sixteen bytes of the identifier.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// Ten random bytes. The generator is asked for many at a time: one request makes an identifier or two.
fn random_bytes() -> [u8; 10] {
    thread_local! {
        static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < 10 {
            let mut more = [0; 640];
            if aws_lc_rs::rand::fill(&mut more).is_err() {
                // The system gives no randomness: identifiers are not secrets, and the system's other way is as good.
                return Uuid::new_v4().as_bytes().last_chunk().copied().unwrap_or_default();
            }
            spare.extend_from_slice(&more);
        }
        let rest = spare.len() - 10;
        let bytes = spare.last_chunk().copied().unwrap_or_default();
        spare.truncate(rest);
        bytes
    })
}

/// The text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct ParseIdError;

impl FromStr for Id {
    type Err = ParseIdError;
    /// Accepts only the hyphenated lower-case form, so that one object has one address.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let is_canonical = text.len() == Self::LENGTH && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        if !is_canonical {
            return Err(ParseIdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 36];
        serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut text))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "uuid", "minLength": 36, "maxLength": 36,
            "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_has_one_address() {
        let id = Id::new(Timestamp::from_seconds(1_700_000_000));
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for other in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), format!("urn:uuid:{text}"), String::new()] {
            assert_eq!(other.parse::<Id>(), Err(ParseIdError), "{other}");
        }
    }

    #[test]
    fn identifiers_sort_by_time() {
        let earlier = Id::new(Timestamp::from_seconds(1_700_000_000));
        let later = Id::new(Timestamp::from_seconds(1_700_000_001));
        assert!(earlier < later);
    }
}
