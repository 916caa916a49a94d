//! Texts that the author of an application gives: reasons and names.

/// Whether a text says anything: it holds a letter or a digit.
///
/// White space, punctuation and invisible characters alone are no reason.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
pub const fn is_reason(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let first = bytes[at];
        let length = match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0..=0xff => 4,
        };
        if first.is_ascii_alphanumeric() {
            return true;
        }
        if length > 1 && at + length <= bytes.len() {
            let mut code = (first as u32) & (0x7f >> length);
            let mut next = 1;
            while next < length {
                code = code << 6 | (bytes[at + next] & 0x3f) as u32;
                next += 1;
            }
            if !is_blank(code) {
                return true;
            }
        }
        at += length;
    }
    false
}

/// Whether a text names a role or a permission: 1 to 64 ASCII letters, digits, `_`, `-`, `.` and `:`, a letter first.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    text.len() <= LONGEST_NAME && text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_plain)
}

/// Whether a character beyond ASCII shows nothing, or is punctuation: spaces, joiners, direction marks, fillers, marks that need a
/// letter, variation selectors, tags, what no standard gives a meaning.
const fn is_blank(code: u32) -> bool {
    matches!(
        code,
        0x80..=0xa9
            | 0xab..=0xb4
            | 0xb6..=0xb9
            | 0xbb..=0xbf
            | 0x0300..=0x036f
            | 0x061c
            | 0x115f..=0x1160
            | 0x1680
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x1ab0..=0x1aff
            | 0x1dc0..=0x1dff
            | 0x2000..=0x206f
            | 0x20d0..=0x20ff
            | 0x2800
            | 0x3000..=0x3003
            | 0x3164
            | 0xe000..=0xf8ff
            | 0xfe00..=0xfe0f
            | 0xfe20..=0xfe2f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffd
            | 0xe0000..=0xe0fff
    )
}

const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something() {
        for good in ["a webhook", "ä", "因", "no. 7", "\u{feff}x"] {
            assert!(is_reason(good), "{good:?}");
        }
        for bad in [
            "",
            " ",
            "\t\n",
            "...",
            "-",
            "\u{a0}",
            "\u{200b}\u{2060}",
            "\u{3000}",
            "\u{2800}",
            "\u{3164}",
            "\u{e0041}",
            "\u{fe0f}",
            "…",
            "\u{301}",
            "\u{20dd}",
            "\u{e000}",
        ] {
            assert!(!is_reason(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["user", "notes.read", "a-b_c:d", "Admin", &"a".repeat(64)] {
            assert!(is_name(good), "{good:?}");
        }
        for bad in ["", " ", "a b", "1a", ".a", "ä", "a\n", "a\u{200b}", &"a".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
