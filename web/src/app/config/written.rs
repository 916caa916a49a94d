use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a setting whose text has a form of its own, which the message about another kind of value names.
///
/// A whole number counts as its digits: `0` in the environment or without quotes in the file means what `"0"` means.
pub(crate) fn written<'de, D: Deserializer<'de>>(deserializer: D, form: &'static str) -> Result<String, D::Error> {
    deserializer.deserialize_any(Written(form))
}

struct Written(&'static str);

impl Visitor<'_> for Written {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
