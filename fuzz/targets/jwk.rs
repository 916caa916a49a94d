//! A key that somebody publishes never verifies a token that another key signed, whatever identifier it gives itself.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::core::token::{Expected, PublicKey, Verifier};
use portcullis_fuzz::{ISSUER, KEY, NOW, TOKEN};
use serde_json::Value;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(mut jwk) = serde_json::from_slice::<Value>(data) else { return Corpus::Reject };
    let Some(members) = jwk.as_object_mut() else { return Corpus::Keep };
    let own = KEY.jwk();
    members.insert("kid".to_owned(), KEY.kid().into());
    // No fuzzer guesses our key.
    if members.get("x").is_some_and(|x| x == "$x") {
        members.insert("x".to_owned(), own["x"].clone());
    }
    let Some(key) = PublicKey::from_jwk(&jwk) else { return Corpus::Keep };
    assert!(jwk["use"].is_null() || jwk["use"] == "sig" || !jwk["use"].is_string(), "a key for something else is used: {jwk}");
    let expected = Expected { issuer: ISSUER, audience: ISSUER, now: NOW, leeway: 0 };
    let is_believed = Verifier::new(vec![key]).verify(&TOKEN, &expected).is_ok();
    let is_own = ["kty", "crv", "x"].iter().all(|name| jwk[name] == own[name]);
    assert_eq!(is_believed, is_own, "{jwk}");
    Corpus::Keep
});
