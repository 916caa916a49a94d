use std::str::FromStr;

use super::{Refused, text_type};
use crate::extract::CheckField;

/// An `https` or `http` URL without user name or password, in its normal form; at most 2,048 characters
/// ([WHATWG URL](https://url.spec.whatwg.org/)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WebUrl(String);

text_type!(WebUrl, "WebUrl", {"type": "string", "format": "uri", "maxLength": 2048});

impl FromStr for WebUrl {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.len() > 2048 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refused("not a web address"));
        }
        let url = url::Url::parse(text).map_err(|_| Refused("not a web address"))?;
        let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none() && url.has_host();
        if plain { Ok(Self(url.into())) } else { Err(Refused("not a web address")) }
    }
}

#[diagnostic::do_not_recommend]
impl CheckField for WebUrl {}

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
}
