use super::claims::AccessClaims;
use super::compact::Compact;
use super::key::PublicKey;
use super::text;
use crate::Timestamp;

/// Verifies access tokens of one issuer.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    keys: Vec<PublicKey>,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// One of the token's audiences.
    pub audience: &'a str,
    /// The present moment.
    pub now: Timestamp,
    /// Seconds by which the issuer's clock may differ from ours.
    pub leeway: i64,
}

/// Why a token isn't believed; for the log only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It isn't a compact JWS of claims that we know.
    #[error("malformed token")]
    Malformed,
    /// Its header wants to choose key or algorithm, or is of another type.
    #[error("refused header")]
    Header,
    /// No key of the issuer has this identifier.
    #[error("unknown key")]
    UnknownKey,
    /// The signature doesn't hold.
    #[error("bad signature")]
    Signature,
    /// It is another issuer's, or for somebody else.
    #[error("wrong issuer or audience")]
    NotForUs,
    /// It is over, or hasn't begun.
    #[error("outside its time")]
    Time,
    /// The subject is empty.
    #[error("no subject")]
    NoSubject,
    /// It is bound to a key of its sender, which a bearer token doesn't prove.
    #[error("bound to a key of its sender")]
    Bound,
    /// A name in it is too long, or holds control or bidirectional characters.
    #[error("a claim is no plain text")]
    Text,
}

impl Verifier {
    /// Verifies by these keys. An identifier that several different keys share names none of them.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        let is_ambiguous = |key: &PublicKey| keys.iter().any(|other| other.kid == key.kid && other != key);
        let ambiguous: Vec<bool> = keys.iter().map(is_ambiguous).collect();
        Self { keys: keys.into_iter().zip(ambiguous).filter(|(_, is_ambiguous)| !is_ambiguous).map(|(key, _)| key).collect() }
    }

    /// Whether every key of the other verifier is one of this one, unchanged; if not, tokens may have lost their key.
    #[must_use]
    pub fn has_keys_of(&self, other: &Self) -> bool {
        other.keys.iter().all(|key| self.keys.contains(key))
    }

    /// Whether there is a key with the identifier that a token names; for deciding whether to fetch keys again.
    #[must_use]
    pub fn knows_key_of(&self, token: &str) -> bool {
        Compact::parse(token).is_ok_and(|compact| self.keys.iter().any(|key| key.kid == compact.header.kid))
    }

    /// The claims of a token that holds in every respect.
    ///
    /// # Errors
    /// The first respect in which it doesn't.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<AccessClaims, TokenError> {
        let compact = Compact::parse(token)?;
        if !matches!(compact.header.typ.as_str(), "at+jwt" | "application/at+jwt") {
            return Err(TokenError::Header);
        }
        let key = self.keys.iter().find(|key| key.kid == compact.header.kid).ok_or(TokenError::UnknownKey)?;
        if compact.header.alg != key.algorithm {
            return Err(TokenError::Header);
        }
        if !key.verifies(compact.signed.as_bytes(), &compact.signature) {
            return Err(TokenError::Signature);
        }
        let claims: AccessClaims = serde_json::from_slice(&compact.claims).map_err(|_| TokenError::Malformed)?;
        if claims.iss != expected.issuer || !claims.aud.contains(expected.audience) {
            return Err(TokenError::NotForUs);
        }
        if text::is_bound(&compact.claims)? {
            return Err(TokenError::Bound);
        }
        if claims.sub.is_empty() {
            return Err(TokenError::NoSubject);
        }
        if !text::is_plain(&claims) {
            return Err(TokenError::Text);
        }
        let now = expected.now.as_seconds();
        let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        if claims.exp + expected.leeway <= now || begins - expected.leeway > now || claims.exp <= claims.iat {
            return Err(TokenError::Time);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;
    use crate::token::{Audience, SigningKey};

    const NOW: i64 = 1_700_000_000;
    const EXPECTED: Expected<'static> =
        Expected { issuer: "https://a.example", audience: "https://a.example", now: Timestamp::from_seconds(NOW), leeway: 0 };

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: "https://a.example".to_owned(),
            sub: "alice".to_owned(),
            aud: Audience::One("https://a.example".to_owned()),
            exp: NOW + 60,
            iat: NOW,
            nbf: None,
            jti: "1".to_owned(),
            client_id: "c".to_owned(),
            auth_time: Some(NOW),
            sid: None,
            scope: None,
            roles: vec!["user".to_owned()],
            amr: Vec::new(),
        }
    }

    /// Signs any header and any claims with an Ed25519 key, to make what our own signer never makes.
    fn forge(key: &SigningKey, header: &Value, claims: &Value) -> String {
        let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.to_pkcs8()).unwrap();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    fn verify(key: &SigningKey, token: &str) -> Result<AccessClaims, TokenError> {
        Verifier::new(vec![key.public()]).verify(token, &EXPECTED)
    }

    #[test]
    fn a_token_of_ours_holds() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign(&claims()).unwrap();
        assert_eq!(verify(&key, &token).unwrap(), claims());
        assert_eq!(verify(&SigningKey::generate().unwrap(), &token), Err(TokenError::UnknownKey));
    }

    #[test]
    fn an_identifier_that_two_keys_share_names_neither() {
        let (one, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let renamed = |key: &SigningKey| {
            let mut jwk = key.jwk();
            jwk["kid"] = json!("same");
            PublicKey::from_jwk(&jwk).unwrap()
        };
        let token = forge(&one, &json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "same"}), &serde_json::to_value(claims()).unwrap());
        let judge = |keys: Vec<PublicKey>| Verifier::new(keys).verify(&token, &EXPECTED).map(|claims| claims.sub);
        assert_eq!(judge(vec![renamed(&one), renamed(&one)]).as_deref(), Ok("alice"));
        assert_eq!(judge(vec![renamed(&one), renamed(&other)]), Err(TokenError::UnknownKey));
        assert_eq!(judge(vec![renamed(&other), renamed(&one)]), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_key_that_is_gone_or_changed_is_noticed() {
        let (one, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let mut changed = other.jwk();
        changed["kid"] = json!(one.kid());
        let changed = Verifier::new(vec![PublicKey::from_jwk(&changed).unwrap()]);
        let (before, more) = (Verifier::new(vec![one.public()]), Verifier::new(vec![other.public(), one.public()]));
        assert!(more.has_keys_of(&before) && before.has_keys_of(&Verifier::default()));
        assert!(!before.has_keys_of(&more) && !changed.has_keys_of(&before));
    }

    #[test]
    fn the_leeway_widens_every_date_by_as_much() {
        let key = SigningKey::generate().unwrap();
        let judge = |change: fn(&mut AccessClaims)| {
            let mut claims = claims();
            change(&mut claims);
            let expected = Expected { leeway: 30, ..EXPECTED };
            Verifier::new(vec![key.public()]).verify(&key.sign(&claims).unwrap(), &expected).is_ok()
        };
        assert!(judge(|claims| (claims.iat, claims.exp) = (NOW - 90, NOW - 29)));
        assert!(!judge(|claims| (claims.iat, claims.exp) = (NOW - 90, NOW - 30)));
        assert!(judge(|claims| claims.iat = NOW + 30));
        assert!(!judge(|claims| claims.iat = NOW + 31));
        assert!(judge(|claims| claims.nbf = Some(NOW + 30)));
        assert!(!judge(|claims| claims.nbf = Some(NOW + 31)));
    }

    #[test]
    fn incident_21_a_token_chooses_neither_algorithm_nor_key() {
        let key = SigningKey::generate().unwrap();
        let good = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()});
        let body = serde_json::to_value(claims()).unwrap();
        assert!(verify(&key, &forge(&key, &good, &body)).is_ok());
        let with = |name: &str, value: Value| {
            let mut header = good.clone();
            header[name] = value;
            forge(&key, &header, &body)
        };
        let forged = [
            with("alg", json!("none")),
            with("alg", json!("None")),
            with("alg", json!("HS256")),
            with("alg", json!("RS256")),
            with("alg", json!("eddsa")),
            with("typ", json!("JWT")),
            with("typ", json!("logout+jwt")),
            with("kid", json!("../../etc/passwd")),
            with("crit", json!(["exp"])),
            with("jwk", key.jwk()),
            with("jku", json!("https://evil.example/jwks")),
            with("x5u", json!("https://evil.example")),
            with("x5c", json!(["AAAA"])),
            with("zip", json!("DEF")),
        ];
        for token in forged {
            assert!(verify(&key, &token).is_err(), "{token}");
        }
        let unsigned = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string()),
            URL_SAFE_NO_PAD.encode(body.to_string())
        );
        assert!(verify(&key, &unsigned).is_err());
    }

    #[test]
    fn incident_22_dates_are_whole_numbers_in_range() {
        let key = SigningKey::generate().unwrap();
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()});
        for name in ["exp", "iat", "nbf"] {
            let bad = [
                json!((NOW + 60).to_string()),
                json!(1.7e9),
                json!(1e300),
                json!(-1),
                json!(u64::MAX),
                json!(null),
                json!([NOW]),
                json!(true),
            ];
            for value in bad {
                let mut body = serde_json::to_value(claims()).unwrap();
                body[name] = value.clone();
                assert!(verify(&key, &forge(&key, &header, &body)).is_err(), "{name} {value}");
            }
        }
        for name in ["exp", "iat", "sub", "aud", "iss", "jti", "client_id"] {
            let mut body = serde_json::to_value(claims()).unwrap();
            body.as_object_mut().unwrap().remove(name);
            assert!(verify(&key, &forge(&key, &header, &body)).is_err(), "missing {name}");
        }
    }

    #[test]
    fn every_changed_character_breaks_a_token() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign(&claims()).unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&key, &changed).is_err(), "{at}");
        }
        for wrapped in [
            format!(" {token}"),
            format!("{token} "),
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.a.b"),
            String::new(),
            "{}".to_owned(),
            "a".repeat(9000),
        ] {
            assert!(verify(&key, &wrapped).is_err(), "{wrapped}");
        }
    }

    #[test]
    fn issuer_audience_subject_and_time_must_fit() {
        let key = SigningKey::generate().unwrap();
        let mut changes: Vec<AccessClaims> = vec![claims(); 6];
        changes[0].iss = "https://a.example/".to_owned();
        changes[1].aud = Audience::Several(vec!["https://b.example".to_owned()]);
        changes[2].sub = String::new();
        changes[3].exp = NOW;
        changes[4].iat = NOW + 1;
        changes[5].nbf = Some(NOW + 1);
        for change in changes {
            assert!(verify(&key, &key.sign(&change).unwrap()).is_err(), "{change:?}");
        }
    }
}
