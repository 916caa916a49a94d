use super::{Refused, text_type};
use crate::extract::CheckField;

/// A short name for addresses: lower-case ASCII letters, digits and single inner hyphens, 1 to 64 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slug(String);

text_type!(Slug, "Slug", most_bytes = 64, {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"});

impl Slug {
    fn read(text: &str) -> Result<Self, Refused> {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.split('-').all(word) { Ok(Self(text.to_owned())) } else { Err(Refused("not a slug")) }
    }
}

#[diagnostic::do_not_recommend]
impl CheckField for Slug {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_pass() {
        for bad in ["", "-a", "a-", "a--b", "A", "ä", "a b", "../x", &"a".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad:?}");
        }
        assert_eq!("notes-2026".parse::<Slug>().unwrap().as_str(), "notes-2026");
    }
}
