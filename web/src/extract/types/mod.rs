//! Texts that a handler can trust: each type's values were checked, normalised or cleaned when they were parsed.

mod plain_text;
pub use plain_text::PlainText;
mod rich_text;
pub use rich_text::RichText;
mod email;
pub use email::Email;
mod web_url;
pub use web_url::WebUrl;
mod slug;
pub use slug::Slug;

/// Gives a text type what every one of them has: reading, writing, comparing, its schema.
///
/// What it is read from is bounded before `read` normalizes, cleans or parses it.
macro_rules! text_type {
    ($name:ident, $title:literal, most_bytes = $most:expr, $schema:tt) => {
        impl $name {
            /// The most bytes that it is read from.
            pub const MOST_BYTES: usize = $most;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refused;
            fn from_str(text: &str) -> Result<Self, Refused> {
                if text.len() > Self::MOST_BYTES {
                    return Err(Refused("too long"));
                }
                #[cfg(test)]
                crate::extract::types::bounds::looked_at(text);
                Self::read(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }

        #[diagnostic::do_not_recommend]
        impl crate::respond::Output for $name {}
    };
}
use text_type;

#[cfg(test)]
mod bounds;

/// The text is not one of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub(crate) &'static str);
