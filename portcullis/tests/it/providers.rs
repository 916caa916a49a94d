//! What handlers ask for by type: values of the application, values of one request, extractors of axum.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use http::{Method, StatusCode, header, request};
use portcullis::prelude::*;
use portcullis::web::extract::{Call, Foreign, PerRequest, Reason};
use portcullis_testing::{TestApp, World, check_uniform};

use crate::support::{Believer, Nobody, Role, caller, send, start, world};

/// Sends mail, or pretends to.
#[derive(Clone, Debug, Provider)]
struct Mailer {
    name: &'static str,
    tenants: Arc<AtomicUsize>,
}

/// Something else of the application.
#[derive(Clone, Copy, Debug, Provider)]
struct Greeting(&'static str);

/// Who the request is for, by its header.
#[derive(Debug, Provider)]
#[provider(per_request)]
struct Tenant(String);

impl PerRequest for Tenant {
    async fn provide(call: &mut Call) -> Result<Self> {
        let tenants = portcullis::web::extract::provided::<Mailer>(call)?.tenants;
        let number = tenants.fetch_add(1, Ordering::SeqCst);
        let name = call.headers().get("x-tenant").and_then(|value| value.to_str().ok());
        match name {
            Some(name) if name.bytes().all(|byte| byte.is_ascii_lowercase()) => Ok(Self(format!("{name} {number}"))),
            _ => Err(Problem::bad_request("tenant", "The request names no tenant.").because("the private words of a provider")),
        }
    }
}

/// An extractor that some other crate made.
struct Language(String);

/// It refuses in its own way.
struct NoLanguage(StatusCode);

impl IntoResponse for NoLanguage {
    fn into_response(self) -> portcullis::web::Response {
        (self.0, [("x-foreign", "1")], "the foreign crate's own words").into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = NoLanguage;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> std::result::Result<Self, NoLanguage> {
        match parts.headers.get(header::ACCEPT_LANGUAGE).map(http::HeaderValue::as_bytes) {
            Some(b"de") => Ok(Self("de".to_owned())),
            Some(b"broken") => Err(NoLanguage(StatusCode::BAD_GATEWAY)),
            _ => Err(NoLanguage(StatusCode::NOT_ACCEPTABLE)),
        }
    }
}

/// Says why.
struct ItIsOld;

impl Reason for ItIsOld {
    const REASON: &'static str = "the language picker is older than this service";
}

/// Takes nothing from the request.
struct Always;

impl<S: Sync> FromRequestParts<S> for Always {
    type Rejection = Infallible;
    async fn from_request_parts(_: &mut request::Parts, _: &S) -> std::result::Result<Self, Infallible> {
        Ok(Self)
    }
}

#[get("/provided", access = Public("a test"))]
async fn provided(mailer: Mailer, greeting: Greeting) -> Text {
    Text(format!("{} {}", greeting.0, mailer.name).into())
}

#[get("/tenant", access = Role::Clerk)]
async fn tenant(tenant: Tenant) -> Text {
    Text(tenant.0.into())
}

#[get("/language", access = Role::Clerk)]
async fn language(language: Foreign<Language, ItIsOld>, _always: Foreign<Always, ItIsOld>) -> Text {
    Text(language.value.0.into())
}

fn mailer(name: &'static str) -> Mailer {
    Mailer { name, tenants: Arc::default() }
}

type Provides = (Nobody, (Greeting, (Mailer, ())));

fn application() -> App<Role, Provides> {
    App::new("Providers").provide(mailer("real")).provide(Greeting("hello")).module::<Nobody>(Believer)
}

async fn providers(world: World) -> TestApp {
    start(application().endpoints(endpoints![provided, tenant, language]), world).await
}

on_one!(providers =>
    a_value_is_found_by_its_type
    a_value_of_one_request_is_made_for_each_and_after_the_policy
    a_foreign_extractor_refuses_in_our_form
    the_document_says_why_something_foreign_is_taken
);

async fn a_value_is_found_by_its_type(app: TestApp) {
    assert_eq!(app.anonymous().get("/provided").await.text(), "hello real");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_replaces_a_value_by_another() {
    let Some(world) = world() else { return };
    let app = application().endpoints(endpoints![provided, tenant]).replace(mailer("pretended")).replace(Greeting("good day"));
    let app = start(app, world).await;
    assert_eq!(app.anonymous().get("/provided").await.text(), "good day pretended");
}

#[test]
#[should_panic(expected = "Greeting was never provided")]
fn replacing_what_was_never_provided_is_a_mistake() {
    let _ = App::<Role>::new("Nothing").replace(Greeting("hello"));
}

async fn a_value_of_one_request_is_made_for_each_and_after_the_policy(app: TestApp) {
    let ask = async |who: &str, tenant: &str| send(caller(&app, who).request(Method::GET, "/tenant").header("x-tenant", tenant)).await;
    assert_eq!(ask("gus/guest", "acme").await.status, 403);
    assert_eq!(app.anonymous().get("/tenant").await.status, 401);
    // Nothing was made for those who may not.
    assert_eq!(ask("cleo/clerk", "acme").await.text(), "acme 0");
    assert_eq!(ask("cleo/clerk", "umbrella").await.text(), "umbrella 1");
    let refused = ask("cleo/clerk", "ACME").await;
    assert_eq!((refused.status, &refused.json()["code"]), (400, &"tenant".into()));
    check_uniform(&refused);
    assert!(!refused.text().contains("private words") && app.log().contains("private words of a provider"));
}

async fn a_foreign_extractor_refuses_in_our_form(app: TestApp) {
    let ask = async |who: &str, language: &str| {
        send(caller(&app, who).request(Method::GET, "/language").header("accept-language", language)).await
    };
    assert_eq!(ask("cleo/clerk", "de").await.text(), "de");
    assert_eq!(ask("gus/guest", "de").await.status, 403);
    for (language, status) in [("fr", 406), ("broken", 500)] {
        let answer = ask("cleo/clerk", language).await;
        assert_eq!(answer.status, status);
        assert!(!answer.text().contains("own words") && answer.header("x-foreign").is_none(), "{answer:?}");
        check_uniform(&answer);
    }
}

async fn the_document_says_why_something_foreign_is_taken(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let description = document["paths"]["/language"]["get"]["description"].as_str().unwrap();
    assert!(description.contains("the language picker is older than this service"), "{description}");
}
