use unicode_normalization::UnicodeNormalization as _;

use super::{Refused, text_type};
use crate::extract::CharLength;

/// A text for people, of one or more lines: no control characters but line feed and tab, no bidirectional overrides, in Unicode
/// normalization form C. Still needs a bound; 1 MiB is refused in any case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlainText(String);

text_type!(PlainText, "PlainText", most_bytes = 1024 * 1024, {"type": "string"});

impl PlainText {
    /// No text.
    #[must_use]
    pub const fn empty() -> Self {
        Self(String::new())
    }
}

impl PlainText {
    fn read(text: &str) -> Result<Self, Refused> {
        // ASCII is in every normalization form, and holds no other deceptive characters than controls.
        if text.is_ascii() {
            let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'));
            return if is_plain { Ok(Self(text.to_owned())) } else { Err(Refused(DECEPTIVE)) };
        }
        if text.chars().any(is_deceptive) {
            return Err(Refused(DECEPTIVE));
        }
        Ok(Self(text.nfc().collect()))
    }
}

impl CharLength for PlainText {
    fn char_length(&self) -> Option<usize> {
        Some(self.0.chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

const DECEPTIVE: &str = "control or bidirectional characters";

/// Characters that change how the text around them is shown, or that terminals obey.
pub(super) fn is_deceptive(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\t');
    control
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_refused_and_the_rest_is_normalised() {
        for bad in ["a\u{202e}b", "a\u{7f}b", "é\u{7f}", "a\0b", "a\u{1b}[31m", "\u{2066}x", "a\rb", "\u{85}"] {
            assert!(bad.parse::<PlainText>().is_err(), "{bad:?}");
        }
        assert_eq!("e\u{301}\n\tx".parse::<PlainText>().unwrap().as_str(), "é\n\tx");
    }
}
