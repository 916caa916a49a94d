use super::plain_text::is_deceptive;
use super::{Refused, text_type};
use crate::extract::CharLength;

/// HTML that was cleaned by [ammonia](https://docs.rs/ammonia): safe elements stay, scripts, styles, handlers and foreign schemes go.
/// Still needs a bound, which counts the cleaned text.
///
/// Refused before it is parsed, because parsing would take too long: more than 256 KiB, more than 2,000 tags and character references
/// together, a tag longer than 4 KiB.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RichText(String);

text_type!(RichText, "RichText", most_bytes = 256 * 1024, {"type": "string", "contentMediaType": "text/html"});

impl RichText {
    fn read(html: &str) -> Result<Self, Refused> {
        refuse_deceptive(html)?;
        if !has_bearable_markup(html) {
            return Err(Refused("too much markup"));
        }
        let cleaned = ammonia::clean(html);
        // Again: character references have become characters.
        refuse_deceptive(&cleaned)?;
        Ok(Self(cleaned))
    }
}

fn refuse_deceptive(text: &str) -> Result<(), Refused> {
    let is_deceptive = text.chars().any(|character| is_deceptive(character) && character != '\r');
    if is_deceptive { Err(Refused("control or bidirectional characters")) } else { Ok(()) }
}

/// Parsing HTML takes time that grows with the square of the open elements, the character references, and the attributes of one tag.
fn has_bearable_markup(html: &str) -> bool {
    let (mut markup, mut tag) = (0, None::<usize>);
    let bytes = html.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        tag = match (byte, tag) {
            (b'<', None) if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => Some(0),
            (b'>', _) => None,
            (_, tag) => tag.map(|length| length + 1),
        };
        markup += usize::from(matches!(byte, b'<' | b'&'));
        if markup > MOST_MARKUP || tag.is_some_and(|length| length > LONGEST_TAG) {
            return false;
        }
    }
    true
}

impl CharLength for RichText {
    /// The bound counts the cleaned text, of which the markup is no part.
    fn most_bytes(_: usize) -> usize {
        Self::MOST_BYTES
    }
    fn char_length(&self) -> Option<usize> {
        Some(self.0.chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

const MOST_MARKUP: usize = 2000;
const LONGEST_TAG: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_gone_and_what_reads_stays() {
        let cleaned: RichText =
            "<b onclick=x()>hi</b><script>alert(1)</script><a href=\"javascript:x()\">y</a><svg onload=z()>".parse().unwrap();
        assert_eq!(cleaned.as_str(), "<b>hi</b><a rel=\"noopener noreferrer\">y</a>");
    }
    #[test]
    fn deceptive_characters_come_in_by_no_reference() {
        for bad in ["a\u{202e}b", "a&#x202e;b", "a&#8294;b", "a&#4;b", "<b title='&#27;[31m'>x</b>", "&#xfeff;x"] {
            assert!(bad.parse::<RichText>().is_err(), "{bad:?}");
        }
        assert_eq!("&lt;b&gt; &amp; &#233;\r\n".parse::<RichText>().unwrap().as_str(), "&lt;b&gt; &amp; é\n");
    }
}
