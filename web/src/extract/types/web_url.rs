use super::{Refused, text_type};
use crate::extract::CheckField;

/// An `https` or `http` URL without user name or password, in its normal form; at most 2,048 characters
/// ([WHATWG URL](https://url.spec.whatwg.org/)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WebUrl(String);

text_type!(WebUrl, "WebUrl", most_bytes = MOST, {"type": "string", "format": "uri", "maxLength": 2048});

impl WebUrl {
    fn read(text: &str) -> Result<Self, Refused> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refused("not a web address"));
        }
        let url = url::Url::parse(text).map_err(|_| Refused("not a web address"))?;
        // Again: characters that aren't ASCII have become three and more.
        if url.as_str().len() > MOST {
            return Err(Refused("not a web address"));
        }
        let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none() && url.has_host();
        if plain { Ok(Self(url.into())) } else { Err(Refused("not a web address")) }
    }
}

#[diagnostic::do_not_recommend]
impl CheckField for WebUrl {}

const MOST: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_pass() {
        for bad in [
            "javascript:alert(1)",
            "https://u:p@x.example/",
            "https://u@x.example",
            "ftp://x.example",
            "//x",
            "https:",
            "data:,x",
            "https://x.example/\n",
        ] {
            assert!(bad.parse::<WebUrl>().is_err(), "{bad:?}");
        }
        assert_eq!("HTTPS://X.example".parse::<WebUrl>().unwrap().as_str(), "https://x.example/");
    }
    #[test]
    fn the_bound_holds_for_what_is_stored() {
        let address = |path: &str| format!("https://x.example/{path}").parse::<WebUrl>();
        assert_eq!(address(&"a".repeat(2030)).unwrap().as_str().len(), 2048);
        assert!(address(&"a".repeat(2031)).is_err());
        assert!(address(&"ü".repeat(1000)).is_err(), "6,018 characters in its normal form");
    }
}
