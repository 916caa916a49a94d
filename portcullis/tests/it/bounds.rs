//! What is too much is refused before anything costly looks at it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::CharLength;
use portcullis_testing::{TestApp, World};
use serde_json::{Value, json};

use crate::support::{Role, failures, start};

/// A text that is costly to read, which notes how long the longest was.
#[derive(Debug)]
struct Costly(String);

static LONGEST_READ: AtomicUsize = AtomicUsize::new(0);
static LONGEST_CHECKED: AtomicUsize = AtomicUsize::new(0);
static MOST_ITEMS_CHECKED: AtomicUsize = AtomicUsize::new(0);

impl<'de> serde::Deserialize<'de> for Costly {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        LONGEST_READ.fetch_max(text.len(), Ordering::SeqCst);
        Ok(Self(text))
    }
}

impl portcullis::__private::MeasureSeal for Costly {}
impl CharLength for Costly {
    fn char_length(&self) -> Option<usize> {
        Some(self.0.chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

impl schemars::JsonSchema for Costly {
    fn schema_name() -> Cow<'static, str> {
        "Costly".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string"})
    }
}

#[expect(clippy::ref_option, reason = "a check takes the field as it is")]
fn note_length(text: &Option<String>) -> Result<(), &'static str> {
    LONGEST_CHECKED.fetch_max(text.as_ref().map_or(0, String::len), Ordering::SeqCst);
    Ok(())
}

#[expect(clippy::ptr_arg, reason = "a check takes the field as it is")]
fn note_items(items: &Vec<u32>) -> Result<(), &'static str> {
    MOST_ITEMS_CHECKED.fetch_max(items.len(), Ordering::SeqCst);
    Ok(())
}

#[input]
struct Bounded {
    #[check(length(chars, max = 10))]
    costly: Option<Costly>,
    #[check(custom(note_length), pattern("^a*$"), length(chars, max = 10))]
    checked: Option<String>,
    #[check(custom(note_length), email)]
    mail: Option<String>,
    #[check(custom(note_length), url)]
    link: Option<String>,
    #[check(items(max = 3), inner(length(chars, max = 10)))]
    #[serde(default)]
    list: Vec<Costly>,
    #[check(items(max = 3), custom(note_items))]
    #[serde(default)]
    numbers: Vec<u32>,
    #[check(items(max = 3), inner(length(chars, max = 10)))]
    #[serde(default)]
    map: std::collections::BTreeMap<String, Costly>,
    #[check(length(chars, max = 10))]
    rich: Option<RichText>,
    #[check(length(chars, max = 10))]
    plain: Option<PlainText>,
    address: Option<Email>,
}

#[post("/json", access = Public("a test"))]
async fn as_json(Json(_): Json<Bounded>) -> NoContent {
    NoContent
}

#[input]
struct Pairs {
    #[check(length(chars, max = 10))]
    costly: Option<Costly>,
}

#[post("/form", access = Public("a test"))]
async fn as_form(Form(_): Form<Pairs>) -> NoContent {
    NoContent
}

#[get("/query", access = Public("a test"))]
async fn as_query(Query(_): Query<Pairs>) -> NoContent {
    NoContent
}

#[input]
struct Numbers {
    #[check(items(max = 100_000))]
    numbers: Vec<u32>,
}

#[post("/numbers", access = Public("a test"))]
async fn numbers(Json(_): Json<Numbers>) -> NoContent {
    NoContent
}

async fn bounds(world: World) -> TestApp {
    start(App::<Role>::new("Bounds").endpoints(endpoints![as_json, as_form, as_query, numbers]), world).await
}

on_one!(bounds =>
    what_is_beyond_a_bound_reaches_no_type_and_no_check
    what_is_within_its_bound_passes
    pairs_are_counted
    values_are_counted
);

async fn what_is_beyond_a_bound_reaches_no_type_and_no_check(app: TestApp) {
    let long = "\u{fdfa}".repeat(80_000);
    let many = |item: Value| Value::Array(vec![item; 4]);
    let named = |name: &str| json!({ name: "a" });
    for (field, value, expected) in [
        ("costly", json!(long), "/costly too_long"),
        ("costly", json!("a".repeat(121)), "/costly too_long"),
        ("costly", json!("a".repeat(11)), "/costly too_long"),
        ("checked", json!(long), "/checked too_long"),
        ("checked", json!("b".repeat(11)), "/checked too_long"),
        ("mail", json!(long), "/mail email"),
        ("link", json!(format!("https://a.example/{long}")), "/link url"),
        ("list", json!(["a", long]), "/list/1 too_long"),
        ("list", many(json!(long)), "/list too_many"),
        ("list", many(json!("a")), "/list too_many"),
        ("numbers", many(json!(1)), "/numbers too_many"),
        ("numbers", many(json!("x")), "/numbers too_many"),
        ("map", json!({"a": "a", "b": "b", "c": "c", "d": "d"}), "/map too_many"),
        ("map", named(&"n".repeat(200)), "/map name_too_long"),
        ("rich", json!("<b>".repeat(100_000)), "/rich too_long"),
        ("plain", json!(long), "/plain too_long"),
        ("address", json!(long), "/address wrong_type"),
    ] {
        let answer = app.anonymous().post("/json", &json!({ field: value })).await;
        assert_eq!(failures(&answer), [expected], "{field}");
    }
    let form = app.anonymous().form("/form", &format!("costly={}", "a".repeat(500_000))).send().await.unwrap();
    assert_eq!(form.status(), 422);
    assert_eq!(failures(&app.anonymous().get(&format!("/query?costly={}", "a".repeat(5000))).await), ["/costly too_long"]);
    assert!(LONGEST_READ.load(Ordering::SeqCst) <= 120, "{LONGEST_READ:?}");
    assert!(LONGEST_CHECKED.load(Ordering::SeqCst) <= 2048, "{LONGEST_CHECKED:?}");
    assert!(MOST_ITEMS_CHECKED.load(Ordering::SeqCst) <= 3, "{MOST_ITEMS_CHECKED:?}");
}

async fn what_is_within_its_bound_passes(app: TestApp) {
    let ten = "\u{1f600}".repeat(10);
    let body = json!({
        "costly": ten, "checked": "aaaaaaaaaa", "list": [ten, ten, ten], "numbers": [1, 2, 3], "map": {"n": ten},
        "rich": format!("<b>{ten}</b>").replace("<b>", "").replace("</b>", ""),
        // The longest that becomes ten characters: four letters and marks for each.
        "plain": "\u{3b1}\u{313}\u{300}\u{345}".repeat(10),
        // Every one of its letters becomes one of ASCII.
        "address": "\u{1d41a}".repeat(60) + "@example.com",
        "link": format!("https://a.example/{}", "a".repeat(2000)),
    });
    let answer = app.anonymous().post("/json", &body).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn pairs_are_counted(app: TestApp) {
    for count in [255, 256] {
        let body = format!("costly=a{}", "&".repeat(count));
        let (form, query) =
            (app.anonymous().form("/form", &body).send().await.unwrap(), app.anonymous().get(&format!("/query?{body}")).await);
        let expected = if count < 256 { 204 } else { 400 };
        assert_eq!((form.status().as_u16(), query.status), (expected, expected), "{count}");
    }
}

async fn values_are_counted(app: TestApp) {
    let numbers = |count: usize| json!({"numbers": vec![0; count]});
    assert_eq!(app.anonymous().post("/numbers", &numbers(30_000)).await.status, 204);
    let refused = app.anonymous().post("/numbers", &numbers(33_000)).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("too_many_values")));
    let keys = format!("{{{}}}", (0..40_000).map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(","));
    let refused = app.anonymous().raw(Method::POST, "/numbers", "application/json", keys.into_bytes()).await;
    assert_eq!(refused.json()["code"], "too_many_values");
    let in_text = json!({"numbers": ",".repeat(100_000)});
    assert_eq!(failures(&app.anonymous().post("/numbers", &in_text).await), ["/numbers wrong_type"]);
}
