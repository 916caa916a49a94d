//! A log line as bytes: JSON that no client's text can break out of.

/// A JSON object in the making.
pub(super) struct Line(Vec<u8>);

impl Line {
    /// Begins an object.
    pub(super) fn begin() -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(b'{');
        Self(bytes)
    }

    /// A text of our own: no character of it needs escaping.
    pub(super) fn plain(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.0.push(b'"');
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b'"');
        self
    }

    /// A client's text, cut to `most` characters; every character that a terminal or a log reader might obey is escaped.
    pub(super) fn text(&mut self, name: &str, value: &str, most: usize) -> &mut Self {
        self.name(name);
        self.0.push(b'"');
        for character in value.chars().take(most) {
            self.character(character);
        }
        self.0.push(b'"');
        self
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str, value: impl itoa::Integer) -> &mut Self {
        self.name(name);
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self
    }

    /// Something that is written out by its `Display`, and holds nothing that needs escaping.
    pub(super) fn display(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        use std::io::Write as _;
        self.name(name);
        self.0.push(b'"');
        let _ = write!(self.0, "{value}");
        self.0.push(b'"');
        self
    }

    /// Ends the object and the line.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"}\n");
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.0.extend_from_slice(b"\\\""),
            '\\' => self.0.extend_from_slice(b"\\\\"),
            ' '..='~' => self.0.push(u8::try_from(character).unwrap_or(b'?')),
            _ if is_unsafe(character) => self.0.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes()),
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
        let mut line = Line::begin();
        line.text("user_agent", nasty, 100);
        let bytes = line.end();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.trim_end().chars().all(|character| !is_unsafe(character)), "{text:?}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["user_agent"], nasty);
    }
}
