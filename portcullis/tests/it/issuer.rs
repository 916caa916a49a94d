//! Fetching the keys of an external issuer that means no good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{StatusCode, header};
use portcullis::core::ManualClock;
use portcullis::core::token::{AccessClaims, Audience, SigningKey};
use portcullis::prelude::*;
use portcullis::web::Response;
use portcullis::web::authn::RemoteIssuer;
use portcullis::web::extract::{Foreign, Reason};
use portcullis_testing::{Caller, TestApp, check_uniform};
use serde_json::json;

use crate::support::{Role, start, world};

/// What the issuer does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mood {
    Good,
    SendsMetadataElsewhere,
    SendsKeysElsewhere,
    NamesOtherKeys,
    NamesAnotherIssuer,
    AnswersTooMuch,
    AnswersWithoutEnd,
    AnswersNoJson,
    Fails,
    Hangs,
}

#[derive(Clone, Debug, Provider)]
struct Issuer(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    mood: Mutex<Mood>,
    key: SigningKey,
    url: OnceLock<String>,
    asked: AtomicUsize,
    elsewhere: AtomicUsize,
    chunks: Arc<AtomicUsize>,
}

/// Any answer.
type Reply = Foreign<Response, Misbehaving>;

struct Misbehaving;

impl Reason for Misbehaving {
    const REASON: &'static str = "an issuer that means no good";
}

fn json_reply(value: &serde_json::Value) -> Reply {
    Foreign::new(Response::new(Body::from(value.to_string())))
}

fn elsewhere() -> Reply {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, http::HeaderValue::from_static("/elsewhere"));
    Foreign::new(response)
}

async fn metadata(issuer: &Issuer) -> Reply {
    let own = issuer.0.url.get().unwrap();
    issuer.0.asked.fetch_add(1, Ordering::SeqCst);
    let mood = *issuer.0.mood.lock().unwrap();
    match mood {
        Mood::SendsMetadataElsewhere => elsewhere(),
        Mood::NamesOtherKeys => {
            json_reply(&json!({"issuer": own, "jwks_uri": format!("{}/elsewhere", own.replace("localhost", "127.0.0.1"))}))
        }
        Mood::NamesAnotherIssuer => json_reply(&json!({"issuer": "https://evil.example", "jwks_uri": format!("{own}/keys")})),
        Mood::AnswersTooMuch => json_reply(&json!({"issuer": own, "jwks_uri": format!("{own}/keys"), "x": "x".repeat(300_000)})),
        Mood::AnswersWithoutEnd => {
            let chunks = Arc::clone(&issuer.0.chunks);
            let endless = futures_util::stream::repeat_with(move || {
                chunks.fetch_add(1, Ordering::SeqCst);
                Ok::<_, std::convert::Infallible>(vec![b' '; 16 * 1024])
            });
            Foreign::new(Response::new(Body::from_stream(endless)))
        }
        Mood::AnswersNoJson => Foreign::new(Response::new(Body::from("<html>"))),
        Mood::Fails => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            Foreign::new(response)
        }
        Mood::Hangs => std::future::pending().await,
        Mood::Good | Mood::SendsKeysElsewhere => json_reply(&json!({"issuer": own, "jwks_uri": format!("{own}/keys")})),
    }
}

#[get("/.well-known/oauth-authorization-server", access = Public("a test"))]
async fn oauth_metadata(issuer: Issuer) -> Reply {
    metadata(&issuer).await
}

#[get("/.well-known/openid-configuration", access = Public("a test"))]
async fn openid_metadata(issuer: Issuer) -> Reply {
    metadata(&issuer).await
}

#[get("/keys", access = Public("a test"))]
async fn keys(issuer: Issuer) -> Reply {
    let mood = *issuer.0.mood.lock().unwrap();
    if mood == Mood::SendsKeysElsewhere { elsewhere() } else { json_reply(&json!({"keys": [issuer.0.key.jwk()]})) }
}

#[get("/elsewhere", access = Public("a test"))]
async fn followed(issuer: Issuer) -> Reply {
    issuer.0.elsewhere.fetch_add(1, Ordering::SeqCst);
    json_reply(&json!({"keys": [issuer.0.key.jwk()]}))
}

#[get("/me", access = Authenticated)]
async fn me(me: Principal) -> Text {
    Text(me.subject().to_owned().into())
}

/// An issuer, and a service that trusts it.
struct Both {
    issuer: Issuer,
    _issuing: TestApp,
    _service: TestApp,
    caller: Caller,
    hand: ManualClock,
}

impl Both {
    async fn new(mood: Mood) -> Option<Self> {
        let inside = Inside {
            mood: Mutex::new(mood),
            key: SigningKey::generate().unwrap(),
            url: OnceLock::new(),
            asked: AtomicUsize::new(0),
            elsewhere: AtomicUsize::new(0),
            chunks: Arc::default(),
        };
        let issuer = Issuer(Arc::new(inside));
        let app = App::<Role>::new("Issuer").provide(issuer.clone());
        let issuing = start(app.endpoints(endpoints![oauth_metadata, openid_metadata, keys, followed]), world()?).await;
        let authority = std::fs::read(issuing.world().folder().join("tls/ca.pem")).unwrap();
        let url = format!("https://localhost:{}", issuing.address().port());
        issuer.0.url.set(url.clone()).unwrap();
        let trusted = RemoteIssuer::new(&url, "https://service.example", Some(&authority)).unwrap();
        let (clock, hand) = Clock::manual(Clock::system().now());
        let now = clock.now().as_seconds();
        let service = App::<Role>::new("Service").trust(trusted).endpoints(endpoints![me]);
        let service = start(service, world()?.clock(clock)).await;
        let claims = AccessClaims {
            iss: url,
            sub: "alice".to_owned(),
            aud: Audience::One("https://service.example".to_owned()),
            exp: now + 86_400,
            iat: now,
            nbf: None,
            jti: "1".to_owned(),
            client_id: "client".to_owned(),
            auth_time: Some(now),
            sid: None,
            scope: None,
            roles: vec!["clerk".to_owned()],
            amr: Vec::new(),
        };
        let caller = service.anonymous().with_token(&issuer.0.key.sign(&claims).unwrap());
        Some(Self { issuer, _issuing: issuing, _service: service, caller, hand })
    }

    /// Changes the mood, and waits until the service may ask again.
    fn becomes(&self, mood: Mood) {
        *self.issuer.0.mood.lock().unwrap() = mood;
        self.hand.advance(Duration::from_secs(31));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incident_42_keys_are_fetched_from_the_issuer_and_nowhere_else() {
    let Some(both) = Both::new(Mood::Fails).await else { return };
    let moods = [
        Mood::Fails,
        Mood::SendsMetadataElsewhere,
        Mood::SendsKeysElsewhere,
        Mood::NamesOtherKeys,
        Mood::NamesAnotherIssuer,
        Mood::AnswersTooMuch,
        Mood::AnswersWithoutEnd,
        Mood::AnswersNoJson,
    ];
    for mood in moods {
        both.becomes(mood);
        let answer = both.caller.get("/me").await;
        assert_eq!(answer.status, 503, "{mood:?}: {answer:?}");
        check_uniform(&answer);
    }
    assert_eq!(both.issuer.0.elsewhere.load(Ordering::SeqCst), 0, "no redirect is followed, no other origin asked");
    let chunks = both.issuer.0.chunks.load(Ordering::SeqCst);
    assert!(chunks < 1000, "an answer without end is given up: {chunks} chunks of 16 KiB");
    both.becomes(Mood::Good);
    let answer = both.caller.get("/me").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "alice"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incident_42_an_issuer_that_hangs_holds_nobody_up() {
    let Some(both) = Both::new(Mood::Hangs).await else { return };
    let began = Instant::now();
    let (first, second) = tokio::join!(both.caller.get("/me"), both.caller.get("/me"));
    assert_eq!((first.status, second.status), (503, 503));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(both.caller.get("/me").await.status, 503);
    assert!(began.elapsed() < Duration::from_secs(4), "it isn't asked again at once: {:?}", began.elapsed());
    assert_eq!(both.caller.clone().with_token("x.y.z").get("/livez").await.status, 503, "nobody can judge a token now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_keys_serve_while_the_issuer_misbehaves() {
    let Some(both) = Both::new(Mood::Good).await else { return };
    assert_eq!(both.caller.get("/me").await.status, 200);
    both.becomes(Mood::SendsKeysElsewhere);
    both.hand.advance(Duration::from_secs(700));
    assert_eq!(both.caller.get("/me").await.status, 200);
    assert_eq!(both.issuer.0.elsewhere.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_does_not_have_the_issuer_asked_again() {
    let Some(both) = Both::new(Mood::Hangs).await else { return };
    let asked = || both.issuer.0.asked.load(Ordering::SeqCst);
    let began = Instant::now();
    for _ in 0..5 {
        // Whoever comes second waits for what the first began.
        let before = asked();
        let leaves = async {
            while asked() == before && began.elapsed() < Duration::from_secs(4) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            answer = both.caller.get("/me") => assert_eq!(answer.status, 503),
            () = leaves => {}
        }
    }
    assert_eq!(both.caller.get("/me").await.status, 503);
    assert!(asked() <= 2, "one fetch asks at two addresses: asked {} times", asked());
}
