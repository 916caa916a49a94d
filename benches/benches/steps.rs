//! What single steps of a request cost.
//!
//! Those that are private to `portcullis-web` come out of its `steps`, where they can be run and nothing else.
#![expect(clippy::expect_used, reason = "a benchmark that cannot begin ends")]

use std::hint::black_box;

use divan::Bencher;
use portcullis::prelude::*;
use portcullis_core::policy::{Access, Rule, decide};
use portcullis_core::token::{AccessClaims, Audience, Expected, SigningKey, Verifier};
use portcullis_core::{Identity, Revocations};
use portcullis_web::IntoResponse as _;
use portcullis_web::extract::{Failures, Input as _, Pointer};
use portcullis_web::respond::FieldError;
use portcullis_web::steps;

fn main() {
    divan::main();
}

/// The whole verification of an access token, as the first request of a token pays it.
#[divan::bench]
fn verify_an_unknown_token(bencher: Bencher<'_, '_>) {
    let key = SigningKey::generate().expect("a key");
    let verifier = Verifier::new(vec![key.public()]);
    let now = Clock::system().now();
    let token = key.sign(&claims(now.as_seconds())).expect("a token");
    let expected = Expected { issuer: ISSUER, audience: ISSUER, now, leeway: 30 };
    bencher.bench(|| verifier.verify(black_box(&token), &expected).expect("it is right"));
}

#[divan::bench]
fn sign_a_token(bencher: Bencher<'_, '_>) {
    let key = SigningKey::generate().expect("a key");
    let claims = claims(Clock::system().now().as_seconds());
    bencher.bench(|| key.sign(black_box(&claims)).expect("a token"));
}

/// What a remembered verification asks on each request.
#[divan::bench]
fn look_for_a_revocation(bencher: Bencher<'_, '_>) {
    let revocations = Revocations::new();
    bencher.bench(|| revocations.stamp(revocations.slot(black_box(SUBJECT))));
}

#[divan::bench]
fn decide_a_policy(bencher: Bencher<'_, '_>) {
    const ACCESS: Access = Access::of(Rule::Authenticated).and(Access::of(Rule::Scope("notes:read"))).or(Access::of(Rule::Fresh(300)));
    let caller = Principal::new(Identity::new(SUBJECT));
    let now = Clock::system().now();
    bencher.bench(|| decide(black_box(&ACCESS), Some(black_box(&caller)), now));
}

#[divan::bench]
fn count_an_address(bencher: Bencher<'_, '_>) {
    let mut count = steps::count_an_address();
    bencher.bench_local(|| assert!(count(), "nobody is over the quota"));
}

#[divan::bench]
fn stamp_the_headers(bencher: Bencher<'_, '_>) {
    bencher.bench_local(steps::stamp_headers());
}

#[divan::bench]
fn write_header_lines(bencher: Bencher<'_, '_>) {
    bencher.bench_local(steps::write_header_lines());
}

#[divan::bench]
fn write_a_log_line(bencher: Bencher<'_, '_>) {
    bencher.bench_local(steps::write_a_log_line());
}

#[divan::bench]
fn observe_a_request(bencher: Bencher<'_, '_>) {
    bencher.bench_local(steps::observe_a_request());
}

#[divan::bench]
fn make_an_identifier(bencher: Bencher<'_, '_>) {
    let clock = Clock::system();
    bencher.bench(|| Id::new(clock.now()));
}

#[divan::bench]
fn render_a_problem(bencher: Bencher<'_, '_>) {
    bencher.bench(|| black_box(Problem::not_found()).into_response());
}

#[divan::bench]
fn render_a_problem_with_fields(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let field = |pointer: &str| FieldError { pointer: pointer.to_owned(), code: "length", detail: "1 to 200 characters.".into() };
        Problem::invalid(vec![field("/title"), field("/body"), field("/tags/3")]).into_response()
    });
}

/// A body that is valid, from its bytes on.
#[divan::bench]
fn parse_and_check_an_input(bencher: Bencher<'_, '_>) {
    const NOTE: &str = r#"{"title":"Milk and bread","body":"Two bottles of milk, one loaf of bread.","tags":["home","to-buy"]}"#;
    bencher.bench(|| {
        let note: NewNote = serde_json::from_str(black_box(NOTE)).expect("it can be parsed");
        let mut failures = Failures::default();
        note.check(&mut Pointer::default(), &mut failures);
        assert!(failures.is_empty(), "it is valid");
    });
}

#[input]
struct NewNote {
    #[check(length(chars, min = 1, max = 200))]
    title: PlainText,
    #[check(length(chars, max = 10_000))]
    body: PlainText,
    #[check(items(max = 20))]
    tags: Vec<Slug>,
}

fn claims(now: i64) -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        sub: SUBJECT.to_owned(),
        aud: Audience::One(ISSUER.to_owned()),
        exp: now + 1800,
        iat: now,
        nbf: None,
        jti: "01a20b76-fb4e-7ed4-ad5f-46067403a17e".to_owned(),
        client_id: "first-party".to_owned(),
        auth_time: Some(now),
        sid: Some("01a20b76-fb4e-7ed4-ad5f-46067403a17e".to_owned()),
        scope: None,
        roles: vec!["user".to_owned()],
        amr: vec!["pwd".to_owned()],
    }
}

const ISSUER: &str = "https://localhost:8443";
const SUBJECT: &str = "01a20b76-fb4e-7ed4-ad5f-46067403a17e";
