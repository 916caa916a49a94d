//! How long the tokens of an external issuer are believed, and who waits for its keys.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use portcullis::core::token::SigningKey;
use portcullis::prelude::*;
use serde_json::json;

use super::{Pair, me, sign};
use crate::support::Role;

async fn pair() -> Option<Pair> {
    Pair::new(App::<Role>::new("Service").endpoints(endpoints![me]), |issuer| issuer).await
}

impl Pair {
    /// Waits for the service to notice, in the background, what the issuer publishes now.
    pub(super) async fn until(&self, token: &str, status: u16) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.get("/me", token).await.status != status {
            assert!(Instant::now() < deadline, "never {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn until_known(&self, token: &str) {
        self.until(token, 200).await;
    }

    pub(super) async fn until_refused(&self, token: &str) {
        self.until(token, 401).await;
    }

    fn answered(&self) -> usize {
        self.issuer.0.answered.load(Ordering::SeqCst)
    }

    /// Waits until the keys were handed out once more.
    async fn until_answered(&self, before: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.answered() == before {
            assert!(Instant::now() < deadline, "the keys are never fetched again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn asked(&self) -> usize {
        self.issuer.0.asked.load(Ordering::SeqCst)
    }

    /// Waits until the service has begun to ask once more.
    async fn until_asked(&self, before: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.asked() == before {
            assert!(Instant::now() < deadline, "the keys are never fetched again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_token_ends_with_its_key() {
    let Some(pair) = pair().await else { return };
    let (other, next) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    pair.issuer.0.published.lock().unwrap().push(other.jwk());
    let (gone, stays) = (pair.token(&json!({})), pair.signed_by(&other, &json!({})));
    assert_eq!((pair.get("/me", &gone).await.status, pair.get("/me", &stays).await.status), (200, 200));
    pair.hand.advance(Duration::from_secs(290));
    *pair.issuer.0.published.lock().unwrap() = vec![other.jwk(), next.jwk()];
    // Remembered for a minute from now on.
    assert_eq!(pair.get("/me", &gone).await.status, 200);
    pair.hand.advance(Duration::from_secs(11));
    pair.until_refused(&gone).await;
    assert_eq!(pair.get("/me", &stays).await.status, 200);
    assert_eq!(pair.get("/me", &pair.signed_by(&next, &json!({}))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_token_ends_when_its_key_changes_under_the_same_identifier() {
    let Some(pair) = pair().await else { return };
    let next = SigningKey::generate().unwrap();
    let gone = pair.token(&json!({}));
    assert_eq!(pair.get("/me", &gone).await.status, 200);
    let mut jwk = next.jwk();
    jwk["kid"] = json!(pair.key.kid());
    *pair.issuer.0.published.lock().unwrap() = vec![jwk];
    pair.hand.advance(Duration::from_secs(290));
    assert_eq!(pair.get("/me", &gone).await.status, 200);
    pair.hand.advance(Duration::from_secs(11));
    pair.until_refused(&gone).await;
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": pair.key.kid()});
    assert_eq!(pair.get("/me", &sign(&next, &header, &pair.claims(&json!({})))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_fetched_again_although_nobody_asks() {
    let Some(pair) = pair().await else { return };
    let forged = pair.token(&json!({"sub": "mallory"}));
    assert_eq!(pair.status("/me", &json!({})).await, 200);
    assert_eq!(pair.answered(), 1);
    *pair.issuer.0.published.lock().unwrap() = Vec::new();
    pair.hand.advance(Duration::from_secs(301));
    pair.until_answered(1).await;
    pair.until_refused(&forged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_hangs_makes_nobody_wait_while_its_keys_are_usable() {
    let Some(pair) = pair().await else { return };
    assert_eq!(pair.status("/me", &json!({})).await, 200);
    *pair.issuer.0.hangs.lock().unwrap() = true;
    let before = pair.asked();
    pair.hand.advance(Duration::from_secs(301));
    pair.until_asked(before).await;
    for number in 0..5 {
        let token = pair.token(&json!({"jti": number.to_string()}));
        assert_eq!(pair.get("/me", &token).await.status, 200, "it was never seen before");
        let given_up = pair.issuer.0.given_up.load(Ordering::SeqCst);
        assert_eq!(given_up, 0, "answered while the fetch was under way");
    }
    pair.hand.advance(Duration::from_secs(3600));
    assert_eq!(pair.status("/me", &json!({})).await, 503, "an hour later nobody knows the keys any more");
    *pair.issuer.0.hangs.lock().unwrap() = false;
    pair.hand.advance(Duration::from_secs(31));
    pair.until_known(&pair.token(&json!({}))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_keys_do_not_have_the_issuer_asked_again_and_again() {
    let Some(pair) = pair().await else { return };
    assert_eq!(pair.status("/me", &json!({})).await, 200);
    pair.hand.advance(Duration::from_secs(31));
    let before = pair.asked();
    let strangers = (0..50).map(|number| {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": number.to_string()});
        let token = sign(&pair.key, &header, &pair.claims(&json!({})));
        let pair = &pair;
        async move { pair.get("/me", &token).await.status }
    });
    let statuses = futures_util::future::join_all(strangers).await;
    assert_eq!(statuses, [401; 50]);
    assert_eq!(pair.asked(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_with_too_many_keys_is_not_believed_about_them() {
    let Some(pair) = pair().await else { return };
    assert_eq!(pair.status("/me", &json!({})).await, 200);
    let many: Vec<_> = (0..65).map(|_| SigningKey::generate().unwrap()).collect();
    *pair.issuer.0.published.lock().unwrap() = many.iter().map(SigningKey::jwk).collect();
    // One fetch at a time: when the second is answered, what the first brought is known.
    for (number, seconds) in [(1, 301), (2, 31)] {
        pair.hand.advance(Duration::from_secs(seconds));
        pair.until_answered(number).await;
    }
    assert_eq!(pair.status("/me", &json!({})).await, 200, "the last good keys serve");
    assert_eq!(pair.get("/me", &pair.signed_by(&many[0], &json!({}))).await.status, 401);
    *pair.issuer.0.published.lock().unwrap() = many.iter().take(64).map(SigningKey::jwk).collect();
    pair.hand.advance(Duration::from_secs(31));
    pair.until_known(&pair.signed_by(&many[0], &json!({}))).await;
}
