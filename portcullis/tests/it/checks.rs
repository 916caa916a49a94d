//! Every `#[check(…)]`: its failing case, and its constraint in the OpenAPI document.

use std::collections::{BTreeMap, HashMap};

use portcullis::prelude::*;
use portcullis_testing::{TestApp, World, check_uniform};
use serde_json::{Value, json};

use crate::support::{Role, failures, start};

#[input]
struct Everything {
    #[check(length(chars, min = 2, max = 5))]
    name: String,
    #[check(items(min = 1, max = 3), inner(length(chars, min = 1, max = 4)))]
    words: Vec<String>,
    #[check(items(max = 2), inner(range(min = 1, max = 9)))]
    digits: Vec<u8>,
    #[check(range(min = -1, max = 10))]
    number: i32,
    #[check(range(min = 0.5, max = 1.5))]
    ratio: f64,
    #[check(length(chars, max = 20), pattern("^[a-z]+$"))]
    code: String,
    #[check(email)]
    mail: String,
    #[check(url)]
    link: String,
    #[check(custom(is_even))]
    even: u32,
    #[check(unbounded = "a test of a text without a bound")]
    free: String,
    #[check(items(max = 2), inner(range(max = 9)))]
    counts: HashMap<String, u32>,
    #[check(items(max = 1))]
    points: BTreeMap<String, Point>,
    #[check(length(chars, max = 3))]
    maybe_text: Option<String>,
    #[check(range(max = 3))]
    maybe_number: Option<u8>,
    #[check(items(max = 1), inner(length(chars, max = 3)))]
    maybe_list: Option<Vec<String>>,
    #[check(items(max = 2), inner(items(max = 2), inner(length(chars, max = 3), pattern("^[a-z]*$"))))]
    #[serde(default)]
    rows: Vec<Vec<String>>,
    #[check(items(max = 2), inner(custom(is_at_the_origin)))]
    #[serde(default)]
    origins: Vec<Point>,
}

#[input]
struct Point {
    #[check(range(min = 0, max = 9))]
    x: i8,
}

fn is_at_the_origin(point: &Point) -> Result<(), &'static str> {
    if point.x == 0 { Ok(()) } else { Err("Only the origin is taken.") }
}

fn is_even(number: &u32) -> Result<(), &'static str> {
    if number.is_multiple_of(2) { Ok(()) } else { Err("An even number is needed.") }
}

#[post("/everything", access = Public("a test"))]
async fn everything(Json(input): Json<Everything>) -> NoContent {
    // Every field reached the handler.
    drop((input.name, input.words, input.digits, input.number, input.ratio, input.code, input.mail, input.link, input.even, input.free));
    let xs = input.points.values().map(|point| point.x).sum::<i8>();
    drop((input.counts, xs, input.maybe_text, input.maybe_number, input.maybe_list, input.rows, input.origins));
    NoContent
}

async fn checks(world: World) -> TestApp {
    start(App::<Role>::new("Checks").endpoints(endpoints![everything]), world).await
}

on_one!(checks =>
    a_right_input_passes
    every_check_refuses_its_failing_case
    every_failing_field_is_named_at_once
    every_check_stands_in_the_document
);

fn right() -> Value {
    json!({
        "name": "Ünal", "words": ["a", "äöüß"], "digits": [1, 9], "number": -1, "ratio": 0.5, "code": "abc",
        "mail": "ann@example.com", "link": "https://example.com/a?b#c", "even": 4, "free": "x".repeat(10_000),
        "counts": {"a": 1, "b/~": 9}, "points": {"p": {"x": 9}}
    })
}

async fn a_right_input_passes(app: TestApp) {
    let mut input = right();
    assert_eq!(app.anonymous().post("/everything", &input).await.status, 204);
    for (name, value) in
        [("maybe_text", json!("abc")), ("maybe_number", json!(3)), ("maybe_list", json!(["abc"])), ("maybe_list", json!(null))]
    {
        input[name] = value;
        let answer = app.anonymous().post("/everything", &input).await;
        assert_eq!(answer.status, 204, "{name}: {answer:?}");
    }
}

async fn every_check_refuses_its_failing_case(app: TestApp) {
    let long_name = "n".repeat(129);
    let cases: Vec<(&str, Value, &str)> = vec![
        ("name", json!("é"), "/name too_short"),
        ("name", json!("éééééé"), "/name too_long"),
        ("words", json!([]), "/words too_few"),
        ("words", json!(["a", "b", "c", "d"]), "/words too_many"),
        ("words", json!(["a", "abcde"]), "/words/1 too_long"),
        ("words", json!(["", "b"]), "/words/0 too_short"),
        ("rows", json!([[], [], []]), "/rows too_many"),
        ("rows", json!([[], ["a", "b", "c"]]), "/rows/1 too_many"),
        ("rows", json!([["a"], ["b", "abcd"]]), "/rows/1/1 too_long"),
        ("rows", json!([["A"]]), "/rows/0/0 pattern"),
        ("origins", json!([{"x": 0}, {"x": 1}]), "/origins/1 refused"),
        ("digits", json!([1, 2, 3]), "/digits too_many"),
        ("digits", json!([1, 10]), "/digits/1 too_large"),
        ("digits", json!([0]), "/digits/0 too_small"),
        ("digits", json!([256]), "/digits wrong_type"),
        ("number", json!(-2), "/number too_small"),
        ("number", json!(11), "/number too_large"),
        ("number", json!(1.5), "/number wrong_type"),
        ("number", json!(9_223_372_036_854_775_807_i64), "/number wrong_type"),
        ("number", json!("1"), "/number wrong_type"),
        ("ratio", json!(0.49), "/ratio too_small"),
        ("ratio", json!(1e300), "/ratio too_large"),
        ("code", json!("abC"), "/code pattern"),
        ("code", json!("abc\n"), "/code pattern"),
        ("code", json!(""), "/code pattern"),
        ("mail", json!("ann"), "/mail email"),
        ("mail", json!("ann@example.com\n"), "/mail email"),
        // What was checked is what the handler gets: a text that only normalises to an address is none.
        ("mail", json!("ann\u{ff20}example.com"), "/mail email"),
        ("link", json!("javascript:alert(1)"), "/link url"),
        ("link", json!("https://ann:secret@example.com"), "/link url"),
        ("link", json!("https://example.com\\@evil.example"), "/link url"),
        ("link", json!("https:///example.com"), "/link url"),
        ("link", json!("//example.com"), "/link url"),
        ("even", json!(3), "/even refused"),
        ("free", json!(1), "/free wrong_type"),
        ("counts", json!({"a": 1, "b": 2, "c": 3}), "/counts too_many"),
        ("counts", json!({"a": 1, "b": 10}), "/counts/b too_large"),
        // The name of an entry is input: it isn't shown unless it is plain.
        ("counts", json!({"<script>": 10}), "/counts/? too_large"),
        ("counts", json!({long_name: 1}), "/counts name_too_long"),
        ("points", json!({"p": {"x": 10}}), "/points/p/x too_large"),
        ("maybe_text", json!("abcd"), "/maybe_text too_long"),
        ("maybe_number", json!(4), "/maybe_number too_large"),
        ("maybe_list", json!(["a", "b"]), "/maybe_list too_many"),
        ("maybe_list", json!(["abcd"]), "/maybe_list/0 too_long"),
    ];
    for (name, value, expected) in cases {
        let mut input = right();
        input[name] = value.clone();
        let answer = app.anonymous().post("/everything", &input).await;
        assert_eq!(answer.status, 422, "{name}: {value}: {answer:?}");
        assert_eq!(failures(&answer), [expected], "{name}: {value}");
        check_uniform(&answer);
    }
}

async fn every_failing_field_is_named_at_once(app: TestApp) {
    // Both when all could be parsed and when something could not.
    for (number, number_code) in [(json!(99), "too_large"), (json!("secret-99"), "wrong_type")] {
        let input = json!({
            "name": "x", "words": ["", "abcdefg"], "digits": [], "number": number, "ratio": 1, "code": "SECRET-1", "mail": "secret-2",
            "link": "secret-3", "even": 1, "free": "", "counts": {}, "points": {"p": {"x": -1}}
        });
        let answer = app.anonymous().post("/everything", &input).await;
        let number = format!("/number {number_code}");
        let mut expected = vec!["/code pattern", "/even refused", "/link url", "/mail email", "/name too_short", &number];
        expected.extend(["/points/p/x too_small", "/words/0 too_short", "/words/1 too_long"]);
        assert_eq!(failures(&answer), expected);
        for secret in ["secret", "SECRET", "abcdefg"] {
            assert!(!answer.text().contains(secret), "{answer:?}");
        }
    }
    let answer = app.anonymous().post("/everything", &json!({})).await;
    let required = |name: &str| format!("/{name} required");
    let mut expected: Vec<String> =
        ["name", "words", "digits", "number", "ratio", "code", "mail", "link", "even", "free", "counts", "points"].map(required).into();
    expected.sort();
    assert_eq!(failures(&answer), expected, "an `Option` may be absent");
}

async fn every_check_stands_in_the_document(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let schema = &document["components"]["schemas"]["Everything"];
    assert_eq!(schema["additionalProperties"], json!(false));
    let expected = [
        ("/name/minLength", json!(2)),
        ("/name/maxLength", json!(5)),
        ("/words/minItems", json!(1)),
        ("/words/maxItems", json!(3)),
        ("/words/items/minLength", json!(1)),
        ("/words/items/maxLength", json!(4)),
        ("/digits/maxItems", json!(2)),
        ("/digits/items/minimum", json!(1)),
        ("/digits/items/maximum", json!(9)),
        ("/number/minimum", json!(-1)),
        ("/number/maximum", json!(10)),
        ("/ratio/minimum", json!(0.5)),
        ("/ratio/maximum", json!(1.5)),
        ("/code/pattern", json!("^[a-z]+$")),
        ("/code/maxLength", json!(20)),
        ("/mail/format", json!("email")),
        ("/link/format", json!("uri")),
        ("/counts/maxProperties", json!(2)),
        ("/counts/propertyNames/maxLength", json!(128)),
        ("/counts/additionalProperties/maximum", json!(9)),
        ("/points/maxProperties", json!(1)),
        ("/maybe_text/maxLength", json!(3)),
        ("/maybe_number/maximum", json!(3)),
        ("/maybe_list/maxItems", json!(1)),
        ("/maybe_list/items/maxLength", json!(3)),
    ];
    for (pointer, value) in expected {
        assert_eq!(schema["properties"].pointer(pointer), Some(&value), "{pointer} in {:#}", schema["properties"]);
    }
    assert!(schema["properties"]["free"].get("maxLength").is_none());
    let required: Vec<&str> = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(required.contains(&"name") && !required.contains(&"maybe_text"), "{required:?}");
    let point = &document["components"]["schemas"]["Point"]["properties"]["x"];
    assert_eq!((&point["minimum"], &point["maximum"]), (&json!(0), &json!(9)));
    let responses = &document["paths"]["/everything"]["post"]["responses"];
    for status in ["204", "400", "401", "413", "415", "422", "429", "500", "503"] {
        assert!(responses.get(status).is_some(), "{status}");
    }
}
