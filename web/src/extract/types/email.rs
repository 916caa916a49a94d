use unicode_normalization::UnicodeNormalization as _;

use super::plain_text::is_deceptive;
use super::{Refused, text_type};
use crate::extract::CheckField;

/// An e-mail address, validated after Unicode normalization, its domain in lower case; at most 254 characters
/// ([RFC 5321](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Email(String);

text_type!(Email, "Email", most_bytes = 4 * LONGEST, {"type": "string", "format": "email", "maxLength": 254});

impl Email {
    fn read(text: &str) -> Result<Self, Refused> {
        let mut normal = String::new();
        for character in text.nfkc() {
            normal.push(character);
            // A character can become eighteen.
            if normal.len() > LONGEST || is_deceptive(character) || character.is_whitespace() {
                return Err(Refused("not an e-mail address"));
            }
        }
        garde::rules::email::parse_email(&normal).map_err(|_| Refused("not an e-mail address"))?;
        let (local, domain) = normal.rsplit_once('@').ok_or(Refused("not an e-mail address"))?;
        let address = format!("{local}@{}", domain.to_lowercase());
        // Again: a letter may be longer in lower case.
        if address.len() > LONGEST { Err(Refused("not an e-mail address")) } else { Ok(Self(address)) }
    }
}

#[diagnostic::do_not_recommend]
impl CheckField for Email {}

/// In bytes, after normalization, which makes one byte out of four at most.
const LONGEST: usize = 254;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_44_an_address_is_validated_after_normalisation() {
        // FULLWIDTH COMMERCIAL AT and friends become ASCII first: the address that is stored is the one that was checked.
        for bad in ["a\u{ff20}b@c.example", "x", "@b.example", "a@", "a b@c.example", "a@b\u{202e}.example", "a@b.example\n", ""] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
        assert_eq!("Ann@Example.COM".parse::<Email>().unwrap().as_str(), "Ann@example.com");
        assert_eq!("ann\u{ff20}example.com".parse::<Email>().unwrap().as_str(), "ann@example.com");
    }
}
