//! What a token of an external issuer has to say, and what it may not.

use std::time::Duration;

use portcullis::core::token::SigningKey;
use portcullis::prelude::*;
use portcullis_testing::check_uniform;
use serde_json::json;

use super::{Pair, me, sign};
use crate::support::Role;

#[get("/fresh", access = Fresh::minutes(5))]
async fn fresh() -> NoContent {
    NoContent
}

async fn pair() -> Option<Pair> {
    Pair::new(App::<Role>::new("Service").endpoints(endpoints![me, fresh]), |issuer| issuer).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_bound_to_a_key_is_refused_as_a_bearer_token() {
    let Some(pair) = pair().await else { return };
    assert_eq!(pair.status("/me", &json!({})).await, 200);
    for bound in [json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), json!({"x5t#S256": "bwcK0esc3ACC"}), json!({}), json!(7)] {
        let answer = pair.get("/me", &pair.token(&json!({"cnf": bound}))).await;
        assert_eq!(answer.status, 401, "{bound}");
        check_uniform(&answer);
    }
    assert!(pair.service.log().contains("bound to a key of its sender"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_in_the_future_is_not_fresh() {
    let Some(pair) = pair().await else { return };
    let now = pair.now();
    for (age, status) in [(0, 204), (300, 204), (301, 401), (-1, 401), (-3600, 401), (-200_000_000_000, 401)] {
        let answer = pair.get("/fresh", &pair.token(&json!({"auth_time": now - age}))).await;
        assert_eq!(answer.status, status, "{age} s ago");
    }
    assert_eq!(pair.status("/fresh", &json!({})).await, 401, "without a time it is nobody's log-in");
    let soon = pair.token(&json!({"auth_time": now + 100}));
    let early = pair.get("/fresh", &soon).await;
    assert!(early.header("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_user_authentication")), "{early:?}");
    pair.hand.advance(Duration::from_secs(100));
    assert_eq!(pair.get("/fresh", &soon).await.status, 204, "its time has come");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_with_control_or_bidirectional_characters_are_refused() {
    let Some(pair) = pair().await else { return };
    let nasty = ["a\nlevel=error", "a\u{202e}b", "\u{1b}[2J", "a\u{0}", "\u{2066}a", ""];
    for text in nasty.into_iter().map(str::to_owned).chain(["a".repeat(256)]) {
        assert_eq!(pair.status("/me", &json!({"sub": text})).await, 401, "{text:?}");
    }
    for name in ["client_id", "jti", "sid"] {
        assert_eq!(pair.status("/me", &json!({name: "a\u{202e}b"})).await, 401, "{name}");
    }
    assert_eq!(pair.status("/me", &json!({"roles": ["a\u{7f}b"]})).await, 401);
    let longest = "é".repeat(127);
    let answer = pair.get("/me", &pair.token(&json!({"sub": longest}))).await;
    assert_eq!((answer.status, answer.text()), (200, format!("{longest} ")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_may_differ_by_thirty_seconds_and_no_more() {
    let Some(pair) = pair().await else { return };
    let now = pair.now();
    for (claims, status) in [
        (json!({"iat": now - 600, "exp": now - 29}), 200),
        (json!({"iat": now - 600, "exp": now - 30}), 401),
        (json!({"iat": now + 30}), 200),
        (json!({"iat": now + 31}), 401),
        (json!({"nbf": now + 30}), 200),
        (json!({"nbf": now + 31}), 401),
    ] {
        assert_eq!(pair.status("/me", &claims).await, status, "{claims}");
    }
    let ends = pair.token(&json!({"exp": now + 10}));
    for (seconds, status) in [(0, 200), (39, 200), (1, 401)] {
        pair.hand.advance(Duration::from_secs(seconds));
        assert_eq!(pair.get("/me", &ends).await.status, status, "{seconds} s later");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issuer_audience_and_type_are_compared_byte_for_byte() {
    let Some(pair) = pair().await else { return };
    let own = pair.issuer.0.url.get().unwrap();
    for issuer in [format!("{own}/"), own.to_uppercase(), own.replace("https", "http"), format!(" {own}"), String::new()] {
        assert_eq!(pair.status("/me", &json!({"iss": issuer})).await, 401, "{issuer}");
    }
    for audience in [json!("https://service.example/"), json!(["https://other.example"]), json!([]), json!("")] {
        assert_eq!(pair.status("/me", &json!({"aud": audience})).await, 401, "{audience}");
    }
    assert_eq!(pair.status("/me", &json!({"aud": ["https://other.example", "https://service.example"]})).await, 200);
    for kind in ["JWT", "dpop+jwt", "logout+jwt", "id+jwt", ""] {
        let header = json!({"alg": "EdDSA", "typ": kind, "kid": pair.key.kid()});
        let token = sign(&pair.key, &header, &pair.claims(&json!({})));
        assert_eq!(pair.get("/me", &token).await.status, 401, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_published_keys_for_signatures_verify() {
    let Some(pair) = pair().await else { return };
    let other = SigningKey::generate().unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = other.jwk();
        jwk[name] = value;
        jwk
    };
    let bad = [
        with("use", json!("enc")),
        with("key_ops", json!(["encrypt"])),
        with("key_ops", json!(["wrapKey", "verify"])),
        with("alg", json!("ES256")),
        with("d", json!("AAAA")),
    ];
    for jwk in bad {
        *pair.issuer.0.published.lock().unwrap() = vec![pair.key.jwk(), jwk.clone()];
        // Long enough for the keys to be fetched again when an unknown one is named.
        pair.hand.advance(Duration::from_secs(31));
        let before = pair.issuer.0.answered.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(pair.get("/me", &pair.signed_by(&other, &json!({}))).await.status, 401, "{jwk}");
        assert!(pair.issuer.0.answered.load(std::sync::atomic::Ordering::SeqCst) > before, "{jwk} was looked at");
    }
    *pair.issuer.0.published.lock().unwrap() = vec![pair.key.jwk(), with("key_ops", json!(["verify"]))];
    pair.hand.advance(Duration::from_secs(31));
    pair.until_known(&pair.signed_by(&other, &json!({}))).await;
    // One identifier for two keys names neither.
    *pair.issuer.0.published.lock().unwrap() = vec![pair.key.jwk(), other.jwk(), with("x", pair.key.jwk()["x"].clone())];
    pair.hand.advance(Duration::from_secs(301));
    pair.until_refused(&pair.signed_by(&other, &json!({}))).await;
    assert_eq!(pair.status("/me", &json!({})).await, 200);
}
