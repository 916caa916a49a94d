use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

/// A user name.
///
/// The one written policy, for registration, log-in and administration alike: after NFKC it is 1 to 64 characters of
/// `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. Case is kept for show and ignored for comparison. There is no `@` in it, so it
/// is never mistaken for an e-mail address, and no character of another alphabet that looks like one of these.
#[derive(Clone, Debug)]
pub struct Username {
    shown: String,
    canonical: String,
}

impl Username {
    /// The name as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The name as it is compared: in lower case.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl FromStr for Username {
    type Err = NotAUsername;
    fn from_str(text: &str) -> Result<Self, NotAUsername> {
        if text.len() > MAX_BYTES_RECEIVED {
            return Err(NotAUsername);
        }
        // A character can become eighteen: one too many is enough to know.
        let shown: String = text.nfkc().take(MAX + 1).collect();
        let fits = (1..=MAX).contains(&shown.len())
            && shown.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
            && shown.starts_with(|c: char| c.is_ascii_alphanumeric());
        let canonical = shown.to_ascii_lowercase();
        if fits { Ok(Self { shown, canonical }) } else { Err(NotAUsername) }
    }
}

impl<'de> serde::Deserialize<'de> for Username {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Username {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Username".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"})
    }
}

#[diagnostic::do_not_recommend]
impl portcullis_web::__private::InputSeal for Username {}
impl portcullis_web::extract::CheckField for Username {}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Username {}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The text is not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Use 1 to 64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.")]
pub struct NotAUsername;

/// What someone typed to say who they are: a user name or an e-mail address, as it is compared.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Username(String),
    Email(String),
    /// Neither: nobody has it, but it counts like any other.
    Nobody(String),
}

impl Login {
    pub(crate) fn parse(typed: &str) -> Self {
        let typed: String = typed.chars().take(MAX_BYTES_RECEIVED).collect();
        if let Ok(name) = typed.parse::<Username>() {
            return Self::Username(name.canonical);
        }
        match typed.parse::<portcullis_web::extract::types::Email>() {
            Ok(email) => Self::Email(canonical_email(email.as_str())),
            Err(_) => Self::Nobody(typed.nfkc().flat_map(char::to_lowercase).take(MAX_BYTES_RECEIVED).collect()),
        }
    }

    /// The text that attempts are counted by when nobody has this name.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Username(text) | Self::Email(text) | Self::Nobody(text) => text,
        }
    }
}

/// An e-mail address as it is compared. The local part is compared without case too: no provider of today tells `A@x` from `a@x`.
pub(crate) fn canonical_email(normalised: &str) -> String {
    normalised.to_lowercase()
}

const MAX: usize = 64;
const MAX_BYTES_RECEIVED: usize = 320;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_after_normalisation_and_without_case() {
        let ann: Username = "Ann.Archer".parse().unwrap();
        for same in ["ann.archer", "ANN.ARCHER", "\u{ff21}nn.archer"] {
            assert_eq!(same.parse::<Username>().unwrap(), ann, "{same}");
        }
        assert_eq!(ann.as_str(), "Ann.Archer");
    }

    #[test]
    fn look_alikes_addresses_and_control_characters_are_no_names() {
        for bad in
            ["", "a@b", "\u{430}nn", "ann ", " ann", "-ann", ".", "a\0b", "a\u{202e}b", "ann\n", &"a".repeat(65), &"\u{fdfa}".repeat(200)]
        {
            assert_eq!(bad.parse::<Username>(), Err(NotAUsername), "{bad:?}");
        }
    }

    #[test]
    fn incident_07_variants_of_one_name_are_one() {
        for (a, b) in [("Ann", "aNN"), ("Ann@Example.com", "ann@example.COM"), ("no such \u{c4}", "NO SUCH a\u{308}")] {
            assert_eq!(Login::parse(a).text(), Login::parse(b).text());
        }
    }
}
