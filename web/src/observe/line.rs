//! A log line as bytes: JSON that no client's text can break out of.
//!
//! The constant parts are prepared by [`key!`], and the buffer is used again, so that a line costs little more than copying it. What writes
//! a member stands in the program once: between two requests its code leaves the processor's nearest cache, and is fetched line by line.

use std::cell::Cell;
use std::io::Write as _;
use std::net::IpAddr;

use portcullis_core::Timestamp;

/// A member's name as it stands in the line, with the first quote of its text.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":\"")
    };
}
pub(super) use key;

/// The name of a member that is a number.
macro_rules! number_key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use number_key;

thread_local! {
    /// The second that was written last, and its text up to the fraction: most lines are of the same.
    static SECOND: Cell<(i64, [u8; WHOLE])> = const { Cell::new((i64::MIN, [0; WHOLE])) };
}

/// A JSON object in the making.
pub(super) struct Line<'buffer>(&'buffer mut Vec<u8>);

impl<'buffer> Line<'buffer> {
    /// Begins an object with its moment.
    pub(super) fn begin(buffer: &'buffer mut Vec<u8>, at: Timestamp) -> Self {
        buffer.clear();
        buffer.extend_from_slice(b"{\"timestamp\":\"");
        moment(buffer, at);
        buffer.push(b'"');
        Self(buffer)
    }

    /// A text of our own: no character of it needs escaping.
    pub(super) fn plain(&mut self, key: &'static str, value: &str) -> &mut Self {
        self.quoted(key, value.as_bytes())
    }

    /// A client's text, cut to `most` characters; every character that a terminal or a log reader might obey is escaped.
    pub(super) fn text(&mut self, key: &'static str, value: &str, most: usize) -> &mut Self {
        // Every byte is looked at, whatever those before it were: many at a time.
        let is_harmless = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
        if value.len() <= most && value.bytes().fold(true, |so_far, byte| so_far & is_harmless(byte)) {
            return self.quoted(key, value.as_bytes());
        }
        self.0.extend_from_slice(key.as_bytes());
        for character in value.chars().take(most) {
            self.character(character);
        }
        self.0.push(b'"');
        self
    }

    /// A number.
    #[inline(never)]
    pub(super) fn number(&mut self, key: &'static str, value: u64) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self
    }

    /// A network address.
    pub(super) fn address(&mut self, key: &'static str, address: IpAddr) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        match address {
            IpAddr::V4(address) => {
                for (place, octet) in address.octets().into_iter().enumerate() {
                    if place > 0 {
                        self.0.push(b'.');
                    }
                    self.0.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
                }
            }
            IpAddr::V6(address) => drop(write!(self.0, "{address}")),
        }
        self.0.push(b'"');
        self
    }

    /// Ends the object and the line.
    pub(super) fn end(self) -> &'buffer [u8] {
        self.0.extend_from_slice(b"}\n");
        self.0
    }

    /// Bytes that need no escaping, between quotes.
    #[inline(never)]
    pub(super) fn quoted(&mut self, key: &'static str, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.push(b'"');
        self
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.0.extend_from_slice(b"\\\""),
            '\\' => self.0.extend_from_slice(b"\\\\"),
            ' '..='~' => self.0.push(u8::try_from(character).unwrap_or(b'?')),
            _ if is_unsafe(character) => drop(write!(self.0, "\\u{:04x}", u32::from(character))),
            other => self.0.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Writes a moment as its `Display` does.
fn moment(buffer: &mut Vec<u8>, at: Timestamp) {
    let (second, (mut known, mut whole)) = (at.as_seconds(), SECOND.get());
    if known != second {
        let mut space = [0; Timestamp::LENGTH];
        let text = at.encode(&mut space).and_then(|text| text.as_bytes().first_chunk());
        let Some(text) = text else { return drop(write!(buffer, "{at}")) };
        (known, whole) = (second, *text);
        SECOND.set((known, whole));
    }
    buffer.extend_from_slice(&whole);
    let mut left = u32::try_from(at.as_micros().rem_euclid(1_000_000)).unwrap_or(0);
    let mut fraction = *b"000000Z";
    for digit in fraction.iter_mut().rev().skip(1) {
        *digit += u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    buffer.extend_from_slice(&fraction);
}

/// Control characters (C0, DEL, C1), line separators, and those that turn the direction of text.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// As far as the point before the fraction.
const WHOLE: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_line() {
        let nasty = "\n{\"event\":\"fake\"}\u{1b}[31m\u{2028}\u{85}\u{7f}\"\\\u{202e}é";
        let mut buffer = Vec::new();
        let mut line = Line::begin(&mut buffer, Timestamp::from_seconds(0));
        line.text(key!("user_agent"), nasty, 100).text(key!("path"), &"plain \\".repeat(2), 10).address(key!("a"), [127, 0, 0, 1].into());
        let text = String::from_utf8(line.end().to_vec()).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.trim_end().chars().all(|character| !is_unsafe(character)), "{text:?}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["user_agent"], nasty);
        assert_eq!((&value["path"], &value["a"]), (&"plain \\pla".into(), &"127.0.0.1".into()));
        assert_eq!(value["timestamp"], "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn moments_of_one_second_and_of_others_are_written_as_they_are() {
        let second = 1_700_000_000_000_000;
        for micros in
            [second, second + 7, second + 999_999, second + 1_000_000, second - 1, -1, -1_000_000, 0, i64::MAX, 1, i64::MIN, second]
        {
            let (at, mut buffer) = (Timestamp::from_micros(micros), Vec::new());
            moment(&mut buffer, at);
            assert_eq!(String::from_utf8(buffer).unwrap(), at.to_string(), "{micros}");
        }
    }
}
