use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::claims::AccessClaims;

/// An Ed25519 key that signs access tokens ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).
pub struct SigningKey {
    pair: Ed25519KeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    kid: String,
    header: String,
}

/// The public half of a key, with the one algorithm that it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) kid: String,
    pub(super) algorithm: &'static str,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A key can't be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(&'static str);

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError("no key could be made"))?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError("no key could be made"))?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// The key in a PKCS#8 document ([RFC 8410](https://www.rfc-editor.org/rfc/rfc8410#section-7)).
    ///
    /// # Errors
    /// When the document holds no Ed25519 key.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).map_err(|_| KeyError("not an Ed25519 key"))?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        // The members in the order that RFC 7638 section 3.2 asks for.
        let thumbprint = digest::digest(&digest::SHA256, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(thumbprint.as_ref());
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}).to_string());
        Ok(Self { pair, pkcs8: Zeroizing::new(document.to_vec()), kid, header })
    }

    /// The key as a PKCS#8 document; keep it sealed.
    #[must_use]
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key's identifier, its thumbprint ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": "EdDSA"})
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey { kid: self.kid.clone(), algorithm: "EdDSA", material: Material::Ed25519(self.pair.public_key().as_ref().to_vec()) }
    }

    /// Signs an access token.
    ///
    /// # Errors
    /// When the claims can't be written as JSON.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError("the claims cannot be written"))?;
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

impl PublicKey {
    /// Reads a JWK; `None` for keys that aren't for verifying signatures that we take, and for those whose private half is published.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(member(name)?).ok();
        if !is_for_verifying(jwk) || PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some()) {
            return None;
        }
        let (algorithm, material) = match (member("kty")?, member("crv")) {
            ("OKP", Some("Ed25519")) => ("EdDSA", Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?)),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x").filter(|x| x.len() == 32)?, bytes("y").filter(|y| y.len() == 32)?);
                ("ES256", Material::P256([&[4], x.as_slice(), y.as_slice()].concat()))
            }
            ("RSA", None) => {
                let (n, e) = (bytes("n").filter(|n| is_modulus(n))?, bytes("e").filter(|e| is_exponent(e))?);
                ("RS256", Material::Rsa { n, e })
            }
            _ => return None,
        };
        if jwk.get("alg").is_some_and(|named| named.as_str() != Some(algorithm)) {
            return None;
        }
        let kid = member("kid").filter(|kid| (1..=MOST_KID_BYTES).contains(&kid.len()) && !kid.chars().any(char::is_control))?;
        Some(Self { kid: kid.to_owned(), algorithm, material })
    }

    /// Whether the key made this signature.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Material::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed, signature),
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature),
        }
        .is_ok()
    }
}

/// Whether a JWK says nothing else than that it verifies signatures ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-4.2)):
/// by `use`, and by `key_ops`, which may name no other kind of operation beside.
fn is_for_verifying(jwk: &Value) -> bool {
    let usage = jwk.get("use").is_none_or(|usage| usage.as_str() == Some("sig"));
    let operations = jwk.get("key_ops").is_none_or(|operations| {
        let named: Vec<_> = operations.as_array().into_iter().flatten().map(Value::as_str).collect();
        named.contains(&Some("verify")) && named.iter().all(|name| matches!(name, Some("verify" | "sign")))
    });
    usage && operations
}

/// 2048 to 8192 bits, odd: larger ones cost more than a signature is worth.
fn is_modulus(n: &[u8]) -> bool {
    let significant = n.strip_prefix(&[0]).unwrap_or(n);
    let top = significant.first().copied().unwrap_or(0);
    let bits = significant.len() * 8 - usize::try_from(top.leading_zeros()).unwrap_or(8).min(significant.len() * 8);
    (2048..=8192).contains(&bits) && n.last().is_some_and(|last| last % 2 == 1)
}

/// Odd, from 3, below 2^32: 65537 almost everywhere. With 1 anybody signs, and a huge one takes a verifier long.
fn is_exponent(e: &[u8]) -> bool {
    let value = e.iter().try_fold(0_u64, |value, byte| (value < 1 << 24).then_some(value << 8 | u64::from(*byte)));
    value.is_some_and(|value| value >= 3 && value % 2 == 1)
}

/// Members of private and of symmetric keys ([RFC 7518](https://www.rfc-editor.org/rfc/rfc7518#section-6)).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MOST_KID_BYTES: usize = 255;

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // RFC 8037 appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let thumbprint = digest::digest(&digest::SHA256, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(thumbprint.as_ref()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_published_key_holds_public_members_only() {
        let jwk = SigningKey::generate().unwrap().jwk();
        let mut names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    }

    #[test]
    fn only_keys_for_verifying_verify() {
        let jwk = SigningKey::generate().unwrap().jwk();
        let with = |name: &str, value: Value| {
            let mut jwk = jwk.clone();
            jwk[name] = value;
            PublicKey::from_jwk(&jwk).is_some()
        };
        for (name, good) in [("key_ops", json!(["verify"])), ("key_ops", json!(["sign", "verify"])), ("kid", json!("a"))] {
            assert!(with(name, good.clone()), "{name} {good}");
        }
        let bad = [
            ("use", json!("enc")),
            ("use", json!(["sig"])),
            ("use", json!(null)),
            ("use", json!("SIG")),
            ("key_ops", json!([])),
            ("key_ops", json!("verify")),
            ("key_ops", json!(["sign"])),
            ("key_ops", json!(["encrypt"])),
            ("key_ops", json!(["verify", "wrapKey"])),
            ("key_ops", json!(null)),
            ("alg", json!("ES256")),
            ("alg", json!(["EdDSA"])),
            ("alg", json!(null)),
            ("d", json!("AAAA")),
            ("kid", json!("")),
            ("kid", json!(7)),
            ("kid", json!("a\nb")),
            ("kid", json!("a".repeat(256))),
        ];
        for (name, value) in bad {
            assert!(!with(name, value.clone()), "{name} {value}");
        }
    }

    #[test]
    fn rsa_keys_are_of_a_sane_size() {
        let reads = |n: &[u8], e: &[u8]| {
            let jwk = json!({"kty": "RSA", "kid": "a", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)});
            PublicKey::from_jwk(&jwk).is_some()
        };
        let odd = |bytes: usize| vec![0xff; bytes];
        for bytes in [256, 512, 1024] {
            assert!(reads(&odd(bytes), &[1, 0, 1]) && reads(&[&[0], odd(bytes).as_slice()].concat(), &[3]), "{bytes}");
        }
        for n in
            [odd(255), odd(1025), vec![], [&[0x7f], odd(255).as_slice()].concat(), [odd(255).as_slice(), &[0xfe]].concat(), vec![0; 256]]
        {
            assert!(!reads(&n, &[1, 0, 1]), "{} bytes", n.len());
        }
        for e in [vec![], vec![0], vec![1], vec![2], vec![1, 0, 0], vec![1, 0, 0, 0, 1], vec![0xff; 200]] {
            assert!(!reads(&odd(256), &e), "{e:?}");
        }
    }

    #[test]
    fn the_signature_of_rfc_8037_verifies() {
        // RFC 8037 appendix A.4 and A.5.
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let key = PublicKey::from_jwk(&jwk).unwrap();
        assert!(key.verifies(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()));
        assert!(!key.verifies(b"x", &URL_SAFE_NO_PAD.decode(signature).unwrap()));
    }
}
