use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::AccessClaims;
use super::verifier::TokenError;

/// Whether the token is bound to a key of its sender ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)), whatever the method.
///
/// Such a token says that whoever presents it has to prove that they hold the key: alone it may be stolen.
pub(super) fn is_bound(claims: &[u8]) -> Result<bool, TokenError> {
    #[derive(Deserialize)]
    struct Confirmation {
        #[serde(default, deserialize_with = "present")]
        cnf: bool,
    }
    serde_json::from_slice(claims).map(|confirmation: Confirmation| confirmation.cnf).map_err(|_| TokenError::Malformed)
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Whether every name in the claims is bounded text that shows as what it is: they reach logs and tables.
pub(super) fn is_plain(claims: &AccessClaims) -> bool {
    let single = [Some(&claims.sub), Some(&claims.jti), Some(&claims.client_id), claims.sid.as_ref()];
    let mut names = single.into_iter().flatten().chain(&claims.roles).chain(&claims.amr);
    let scope = claims.scope.as_deref().unwrap_or("");
    names.all(|name| name.len() <= MOST_BYTES && name.chars().all(is_honest)) && scope.chars().all(is_honest)
}

/// Neither obeyed by terminals, nor invisible, nor changing how the text around it is shown.
fn is_honest(character: char) -> bool {
    let is_deceptive = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !is_deceptive && !character.is_control()
}

/// As many bytes as OpenID Connect allows a subject.
const MOST_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::Ed25519KeyPair;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::super::{AccessClaims, Expected, SigningKey, TokenError, Verifier};
    use crate::Timestamp;

    const NOW: i64 = 1_700_000_000;

    fn judge(change: impl FnOnce(&mut Value)) -> Result<AccessClaims, TokenError> {
        let key = SigningKey::generate().unwrap();
        let mut claims = json!({
            "iss": "https://a.example", "aud": ["https://b.example", "https://c.example"], "sub": "alice", "exp": NOW + 60, "iat": NOW,
            "jti": "1", "client_id": "c"
        });
        change(&mut claims);
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()});
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.to_pkcs8()).unwrap();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref()));
        let expected =
            Expected { issuer: "https://a.example", audience: "https://b.example", now: Timestamp::from_seconds(NOW), leeway: 0 };
        Verifier::new(vec![key.public()]).verify(&token, &expected)
    }

    #[test]
    fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
        assert!(judge(|_| {}).is_ok());
        let methods = [
            json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
            json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
            json!({"jwk": {"kty": "OKP"}}),
            json!({"kid": "a"}),
            json!({}),
            json!([]),
            json!("text"),
            json!(null),
        ];
        for method in methods {
            assert_eq!(judge(|claims| claims["cnf"] = method.clone()), Err(TokenError::Bound), "{method}");
        }
    }

    #[test]
    fn names_are_bounded_text_that_shows_as_what_it_is() {
        for good in ["a".repeat(255), "0198c0de-1234-7567-89ab-cdef01234567".to_owned(), "auth0|élan 日本".to_owned()] {
            assert_eq!(judge(|claims| claims["sub"] = json!(good)).unwrap().sub, good);
        }
        let nasty = ["a\nb", "a\0", "\u{1b}[31m", "a\u{7f}", "a\u{85}b", "a\u{202e}b", "a\u{2066}b", "\u{200f}a", "a\u{61c}", "a\u{200b}b"];
        let nasty = nasty.into_iter().chain(["a\u{2028}b", "\u{feff}a", "a\u{e0041}b"]).map(str::to_owned).chain(["a".repeat(256)]);
        for text in nasty {
            for name in ["sub", "jti", "client_id", "sid"] {
                assert_eq!(judge(|claims| claims[name] = json!(text)), Err(TokenError::Text), "{name} {text:?}");
            }
            for name in ["roles", "amr"] {
                assert_eq!(judge(|claims| claims[name] = json!(["a", text])), Err(TokenError::Text), "{name} {text:?}");
            }
        }
        assert_eq!(judge(|claims| claims["scope"] = json!("a\nb")), Err(TokenError::Text));
        assert_eq!(judge(|claims| claims["sub"] = json!("")), Err(TokenError::NoSubject));
    }

    #[test]
    fn one_of_the_audiences_must_be_ours() {
        for (audience, is_ours) in [
            (json!("https://b.example"), true),
            (json!(["https://x.example", "https://b.example"]), true),
            (json!([]), false),
            (json!(""), false),
            (json!("https://b.example/"), false),
            (json!("HTTPS://b.example"), false),
            (json!(["https://b.example https://c.example"]), false),
            (json!([["https://b.example"]]), false),
            (json!({"https://b.example": 1}), false),
            (json!(null), false),
        ] {
            assert_eq!(judge(|claims| claims["aud"] = audience.clone()).is_ok(), is_ours, "{audience}");
        }
    }
}
