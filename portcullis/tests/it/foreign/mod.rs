//! An external issuer, and a service that trusts it.

mod claims;
mod keys;
mod meaning;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::core::ManualClock;
use portcullis::core::token::SigningKey;
use portcullis::prelude::*;
use portcullis::web::authn::{MappedTo, RemoteIssuer};
use portcullis::web::extract::{Foreign, Reason};
use portcullis_testing::{Answer as Answered, TestApp};
use serde_json::{Value, json};

use crate::support::{Role, start, world};

/// Publishes keys, or lets everybody wait who asks for them.
#[derive(Clone, Debug, Provider)]
struct Issuer(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    url: OnceLock<String>,
    published: Mutex<Vec<Value>>,
    hangs: Mutex<bool>,
    /// How often somebody asked for the metadata.
    asked: AtomicUsize,
    /// How often somebody who waited gave up.
    given_up: AtomicUsize,
    /// How often the keys were handed out.
    answered: AtomicUsize,
}

/// Counts when the client of a request that hangs goes away.
struct Waits(Issuer);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

type Reply = Foreign<String, AsAnIssuerDoes>;

struct AsAnIssuerDoes;

impl Reason for AsAnIssuerDoes {
    const REASON: &'static str = "an issuer's documents have no type here";
}

#[get("/.well-known/oauth-authorization-server", access = Public("a test"))]
async fn metadata(issuer: Issuer) -> Reply {
    issuer.0.asked.fetch_add(1, Ordering::SeqCst);
    if *issuer.0.hangs.lock().unwrap() {
        let _waits = Waits(issuer.clone());
        std::future::pending::<()>().await;
    }
    let url = issuer.0.url.get().unwrap();
    Foreign::new(json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string())
}

#[get("/keys", access = Public("a test"))]
async fn published(issuer: Issuer) -> Reply {
    issuer.0.answered.fetch_add(1, Ordering::SeqCst);
    Foreign::new(json!({"keys": *issuer.0.published.lock().unwrap()}).to_string())
}

/// Both services, on one clock that the test moves.
struct Pair {
    issuer: Issuer,
    key: SigningKey,
    _issuing: TestApp,
    service: TestApp,
    clock: Clock,
    hand: ManualClock,
}

impl Pair {
    /// An issuer with one key, and a service that trusts it as `trusting` says.
    async fn new<M: MappedTo<Role>, S>(app: App<Role, S>, trusting: impl FnOnce(RemoteIssuer) -> RemoteIssuer<M>) -> Option<Self> {
        let (issuer, key) = (Issuer(Arc::default()), SigningKey::generate().unwrap());
        let issuing = App::<Role>::new("Issuer").provide(issuer.clone()).endpoints(endpoints![metadata, published]);
        let issuing = start(issuing, world()?).await;
        let authority = std::fs::read(issuing.world().folder().join("tls/ca.pem")).unwrap();
        let url = format!("https://localhost:{}", issuing.address().port());
        issuer.0.url.set(url.clone()).unwrap();
        issuer.0.published.lock().unwrap().push(key.jwk());
        let (clock, hand) = Clock::manual(Clock::system().now());
        let trusted = trusting(RemoteIssuer::new(&url, AUDIENCE, Some(&authority)).unwrap());
        let service = start(app.trust(trusted), world()?.clock(clock.clone())).await;
        Some(Self { issuer, key, _issuing: issuing, service, clock, hand })
    }

    fn now(&self) -> i64 {
        self.clock.now().as_seconds()
    }

    /// A token that holds for a day, with these claims beside or instead.
    fn token(&self, claims: &Value) -> String {
        self.signed_by(&self.key, claims)
    }

    fn signed_by(&self, key: &SigningKey, claims: &Value) -> String {
        sign(key, &json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()}), &self.claims(claims))
    }

    fn claims(&self, claims: &Value) -> Value {
        let now = self.now();
        let mut all = json!({
            "iss": self.issuer.0.url.get(), "aud": AUDIENCE, "sub": "alice", "exp": now + 86_400, "iat": now, "jti": "1",
            "client_id": "client"
        });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        all
    }

    async fn get(&self, path: &str, token: &str) -> Answered {
        self.service.anonymous().with_token(token).get(path).await
    }

    /// The status that a token with these claims meets.
    async fn status(&self, path: &str, claims: &Value) -> u16 {
        self.get(path, &self.token(claims)).await.status
    }
}

fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.to_pkcs8()).unwrap();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref()))
}

/// Who is asking.
#[get("/me", access = Authenticated)]
async fn me(me: Principal) -> Text {
    Text(format!("{} {}", me.subject(), me.role()).into())
}

const AUDIENCE: &str = "https://service.example";
