//! A token is believed only when our key signed exactly this text, and what it says fits.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::core::token::{Expected, Verifier};
use portcullis_fuzz::{ISSUER, KEY, NOW, PAIR, TOKEN};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(vec![KEY.public()]));

fuzz_target!(|text: &str| -> Corpus {
    let (token, is_ours) = match text.split_at_checked(1) {
        // The text itself.
        Some(("t", token)) => (token.to_owned(), token == *TOKEN),
        // Header and claims, a line for each, under a signature that belongs to others.
        Some(("f", parts)) => (forge(parts, None), false),
        // The same, signed by our key: what is refused now is refused for what it says.
        Some(("s", parts)) => (forge(parts, Some(&PAIR)), true),
        // An edit of a token of ours: what stands between the first and the last character of the edit is replaced.
        Some(("e", edit)) => {
            let token = edited(edit);
            let is_ours = token == *TOKEN;
            (token, is_ours)
        }
        _ => return Corpus::Reject,
    };
    let expected = Expected { issuer: ISSUER, audience: ISSUER, now: NOW, leeway: 0 };
    if let Ok(claims) = VERIFIER.verify(&token, &expected) {
        assert!(is_ours, "believed: {token}");
        assert!(VERIFIER.knows_key_of(&token));
        assert_eq!(claims.iss, ISSUER);
        assert!(claims.aud.contains(ISSUER) && !claims.sub.is_empty());
        assert!(claims.iat <= NOW.as_seconds() && NOW.as_seconds() < claims.exp && claims.nbf.is_none_or(|from| from <= NOW.as_seconds()));
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a part")).expect("base64url");
        let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header["alg"], "EdDSA");
        assert_eq!(header["kid"], KEY.kid());
        for choosing in ["jwk", "jku", "x5u", "x5c", "crit", "zip"] {
            assert!(header[choosing].is_null(), "{header}");
        }
    } else {
        assert_ne!(token, *TOKEN, "a token of ours is refused");
    }
    Corpus::Keep
});

/// A compact JWS of these lines. `$kid` stands for the identifier of our key, which no fuzzer guesses.
fn forge(parts: &str, pair: Option<&Ed25519KeyPair>) -> String {
    let (header, claims) = parts.split_once('\n').unwrap_or((parts, ""));
    let header = header.replace("$kid", KEY.kid());
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = match pair {
        Some(pair) => URL_SAFE_NO_PAD.encode(pair.sign(token.as_bytes())),
        None => TOKEN.rsplit('.').next().unwrap_or_default().to_owned(),
    };
    token.push('.');
    token.push_str(&signature);
    token
}

/// The token with `count` characters at `at` replaced by the rest of an edit `at,count,rest`.
fn edited(edit: &str) -> String {
    let mut fields = edit.splitn(3, ',');
    let mut number = || fields.next().and_then(|field| field.parse::<usize>().ok()).unwrap_or(0);
    let at = number().min(TOKEN.len());
    let end = number().saturating_add(at).min(TOKEN.len());
    format!("{}{}{}", &TOKEN[..at], fields.next().unwrap_or_default(), &TOKEN[end..])
}
