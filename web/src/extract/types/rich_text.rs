use std::str::FromStr;

use super::plain_text::is_deceptive;
use super::{Refused, text_type};
use crate::extract::CharLength;

/// HTML that was cleaned by [ammonia](https://docs.rs/ammonia): safe elements stay, scripts, styles, handlers and foreign schemes go.
/// Still needs a bound, which counts the cleaned text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RichText(String);

text_type!(RichText, "RichText", {"type": "string", "contentMediaType": "text/html"});

impl FromStr for RichText {
    type Err = Refused;
    fn from_str(html: &str) -> Result<Self, Refused> {
        if html.chars().any(|character| is_deceptive(character) && character != '\r') {
            return Err(Refused("control or bidirectional characters"));
        }
        Ok(Self(ammonia::clean(html)))
    }
}

impl CharLength for RichText {
    fn char_length(&self) -> Option<usize> {
        Some(self.0.chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_gone_and_what_reads_stays() {
        let cleaned: RichText =
            "<b onclick=x()>hi</b><script>alert(1)</script><a href=\"javascript:x()\">y</a><svg onload=z()>".parse().unwrap();
        assert_eq!(cleaned.as_str(), "<b>hi</b><a rel=\"noopener noreferrer\">y</a>");
    }
}
