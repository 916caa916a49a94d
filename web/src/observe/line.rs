//! A log line as bytes: JSON that no client's text can break out of.
//!
//! The constant parts are prepared by [`key!`], and the buffer is used again, so that a line costs little more than copying it.

use std::io::Write as _;
use std::net::IpAddr;

use portcullis_core::{Id, Timestamp};

/// A member's name as it stands in the line.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use key;

/// A JSON object in the making.
pub(super) struct Line<'buffer>(&'buffer mut Vec<u8>);

impl<'buffer> Line<'buffer> {
    /// Begins an object with its moment.
    pub(super) fn begin(buffer: &'buffer mut Vec<u8>, at: Timestamp) -> Self {
        buffer.clear();
        buffer.extend_from_slice(b"{\"timestamp\":\"");
        match at.encode(&mut [0; Timestamp::LENGTH]) {
            Some(text) => buffer.extend_from_slice(text.as_bytes()),
            None => drop(write!(buffer, "{at}")),
        }
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
        self.0.push(b'"');
        for character in value.chars().take(most) {
            self.character(character);
        }
        self.0.push(b'"');
        self
    }

    /// A number.
    pub(super) fn number(&mut self, key: &'static str, value: impl itoa::Integer) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self
    }

    /// An identifier.
    pub(super) fn id(&mut self, key: &'static str, id: Id) -> &mut Self {
        self.quoted(key, id.encode(&mut [0; Id::LENGTH]).as_bytes())
    }

    /// A network address.
    pub(super) fn address(&mut self, key: &'static str, address: IpAddr) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(b'"');
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
    pub(super) fn quoted(&mut self, key: &'static str, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(b'"');
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

/// Control characters (C0, DEL, C1), line separators, and those that turn the direction of text.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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
}
