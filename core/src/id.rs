use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
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

    /// The identifier that stands for a subject of an external issuer: the same one each time, and never one that [`new`](Self::new) makes,
    /// which are of another version ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.8)).
    #[must_use]
    pub fn derived(issuer: &str, subject: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        // The length says where the one ends and the other begins.
        context.update(&u64::try_from(issuer.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(issuer.as_bytes());
        context.update(subject.as_bytes());
        let bytes = context.finish().as_ref().first_chunk().copied().unwrap_or_default();
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The length of the text.
    pub const LENGTH: usize = 36;

    /// Writes the text into a buffer.
    pub fn encode<'buffer>(&self, buffer: &'buffer mut [u8; Self::LENGTH]) -> &'buffer str {
        let digits = hexadecimal(self.0.as_u128());
        buffer.fill(b'-');
        for (to, from) in [(0..8, 0..8), (9..13, 8..12), (14..18, 12..16), (19..23, 16..20), (24..36, 20..32)] {
            if let (Some(to), Some(from)) = (buffer.get_mut(to), digits.get(from)) {
                to.copy_from_slice(from);
            }
        }
        std::str::from_utf8(buffer).unwrap_or_default()
    }

    /// The sixteen bytes of the identifier.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// The 32 lower-case hexadecimal digits of a number.
///
/// Eight digits at a time, by arithmetic on all of them together: three such texts are written for each request.
#[must_use]
pub fn hexadecimal(number: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    let quarters = [96, 64, 32, 0].map(|shift| (number >> shift) & u128::from(u32::MAX));
    for (place, quarter) in digits.as_chunks_mut().0.iter_mut().zip(quarters) {
        // Each digit's four bits into a byte of their own.
        let mut spread = u64::try_from(quarter).unwrap_or(0);
        spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
        spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
        spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        // One where the digit is a letter.
        let letters = ((spread + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
        *place = (spread + 0x3030_3030_3030_3030 + letters * 0x27).to_be_bytes();
    }
    digits
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
    fn every_digit_of_a_number_is_written() {
        for number in [0, 1, 0xf, u128::MAX].into_iter().chain((0..32).flat_map(|place| (0..16).map(move |digit| digit << (4 * place)))) {
            assert_eq!(std::str::from_utf8(&hexadecimal(number)).unwrap(), format!("{number:032x}"));
        }
        let text = "0198c0de-1234-7567-89ab-cdef01234567";
        assert_eq!(text.parse::<Id>().unwrap().encode(&mut [0; Id::LENGTH]), text);
    }

    #[test]
    fn a_derived_identifier_is_of_version_8() {
        // SHA-256 of eight bytes of length, the issuer and the subject: data that owners are filtered by must never change.
        assert_eq!(Id::derived("https://id.example.com", "alice").to_string(), "98cadd75-36d6-8b61-abe6-ebfcdea90965");
    }

    #[test]
    fn identifiers_sort_by_time() {
        let earlier = Id::new(Timestamp::from_seconds(1_700_000_000));
        let later = Id::new(Timestamp::from_seconds(1_700_000_001));
        assert!(earlier < later);
    }
}
