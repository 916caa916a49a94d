/// One scope as data: its name, and what it allows in the words that a person reads who gives it to a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeEntry {
    /// The name in policies, in tokens and in the `scope` parameter.
    pub name: &'static str,
    /// What a token with this scope may do.
    pub description: &'static str,
}

impl ScopeEntry {
    /// The most bytes of a name.
    pub const LONGEST: usize = 64;

    /// A scope with this name.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self { name, description }
    }

    /// Whether a text can be a scope's name: visible ASCII characters other than `"` and `\`, at most 64 of them
    /// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
    pub const fn is_name(text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if !matches!(bytes[at], 0x21 | 0x23..=0x5b | 0x5d..=0x7e) {
                return false;
            }
            at += 1;
        }
        !bytes.is_empty() && bytes.len() <= Self::LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_token_of_the_grammar() {
        let longest = "x".repeat(ScopeEntry::LONGEST);
        for good in ["a", "notes:read", "https://example.com/scopes/notes.read", "!#[]~", longest.as_str()] {
            assert!(ScopeEntry::is_name(good), "{good}");
        }
        for byte in 0..=0x7f_u8 {
            let allowed = (0x21..0x7f).contains(&byte) && !b"\"\\".contains(&byte);
            assert_eq!(ScopeEntry::is_name(&char::from(byte).to_string()), allowed, "{byte:#x}");
        }
        for bad in ["", "a b", "a\u{e9}", &format!("{longest}x")] {
            assert!(!ScopeEntry::is_name(bad), "{bad}");
        }
    }
}
