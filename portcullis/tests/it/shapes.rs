//! Where inputs stand: nested JSON, query, form, path, headers, plain bytes.

use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::{Headers, RawBody};
use portcullis_testing::{TestApp, World, check_uniform};
use serde_json::json;

use crate::support::{Role, failures, send, start};

#[input]
enum Color {
    DarkRed,
    Blue,
}

#[input]
struct Address {
    #[check(length(chars, max = 10))]
    street: String,
    #[serde(rename = "a/b~c")]
    #[check(range(max = 3))]
    odd: u8,
}

#[input]
struct Person {
    address: Address,
    #[check(items(max = 2))]
    others: Vec<Address>,
    second: Option<Address>,
    boxed: Option<Box<Address>>,
    color: Color,
    #[serde(default)]
    #[check(range(min = 1, max = 9))]
    seat: Option<u8>,
    born: Option<Timestamp>,
    id: Option<Id>,
}

#[input]
struct Search {
    #[check(length(chars, max = 5))]
    text: String,
    #[check(range(min = 1, max = 9))]
    number: Option<u8>,
    color: Option<Color>,
    exact: Option<bool>,
}

#[input]
struct Room {
    #[check(range(min = 1, max = 9))]
    floor: u8,
    name: Slug,
}

#[post("/people", access = Public("a test"))]
async fn person(Json(person): Json<Person>) -> Text {
    let color = match person.color {
        Color::DarkRed => "dark red",
        Color::Blue => "blue",
    };
    let streets = person.others.iter().map(|address| address.street.len() + usize::from(address.odd)).sum::<usize>();
    let more = person.second.map_or(0, |address| address.odd) + person.boxed.map_or(0, |address| address.odd);
    drop((person.born, person.id, person.address.street));
    Text(format!("{color} {streets} {more} {:?} {}", person.seat, person.address.odd).into())
}

fn found(search: &Search) -> Text {
    let color = search.color.as_ref().map_or("any", |color| if matches!(color, Color::Blue) { "blue" } else { "dark red" });
    Text(format!("{} {:?} {color} {:?}", search.text, search.number, search.exact).into())
}

#[get("/search", access = Public("a test"))]
async fn search(Query(search): Query<Search>) -> Text {
    found(&search)
}

#[post("/search", access = Public("a test"))]
async fn search_form(Form(search): Form<Search>) -> Text {
    found(&search)
}

#[get("/rooms/{floor}/{name}", access = Public("a test"), without_object = "rooms are nobody's")]
async fn room(Path(room): Path<Room>) -> Text {
    Text(format!("{} {}", room.floor, room.name).into())
}

#[get("/headers", access = Public("a test"))]
async fn headers(headers: Headers) -> Text {
    let shown = ["x-one", "x-two", "authorization", "cookie", "x-binary"].map(|name| {
        let name = http::HeaderName::from_static(name);
        headers.one(&name).unwrap_or("-").to_owned()
    });
    Text(shown.join(" ").into())
}

#[post("/bytes", access = Public("a test"), body_limit = 1000)]
async fn bytes(RawBody(bytes): RawBody) -> Text {
    Text(bytes.len().to_string().into())
}

async fn shapes(world: World) -> TestApp {
    start(App::<Role>::new("Shapes").endpoints(endpoints![person, search, search_form, room, headers, bytes]), world).await
}

on_one!(shapes =>
    nested_inputs_are_read_whole
    nested_failures_are_named_by_an_escaped_pointer
    a_query_and_a_form_are_read_alike
    every_failing_parameter_is_named
    a_path_that_does_not_parse_names_nothing
    headers_are_given_without_credentials
    plain_bytes_are_bounded
    the_document_describes_every_place
);

async fn nested_inputs_are_read_whole(app: TestApp) {
    let address = json!({"street": "Main", "a/b~c": 3});
    let input = json!({"address": address, "others": [address], "second": address, "boxed": address, "color": "dark_red", "seat": 9,
        "born": "2000-01-01T00:00:00Z", "id": "01a20b76-fbe2-78ee-a610-85dc4692c438"});
    let answer = app.anonymous().post("/people", &input).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "dark red 7 6 Some(9) 3"));
    let least = json!({"address": address, "others": [], "color": "blue", "second": null});
    assert_eq!(app.anonymous().post("/people", &least).await.text(), "blue 0 0 None 3");
}

async fn nested_failures_are_named_by_an_escaped_pointer(app: TestApp) {
    let input = json!({
        "address": {"street": "a street that is too long", "a/b~c": 4, "more": 1},
        "others": [{"street": 7, "a/b~c": "x"}, {}],
        "second": {"a/b~c": 1},
        "boxed": [],
        "color": "DarkRed",
        "seat": 0,
        "born": "yesterday",
        "id": "not-an-id",
        "a/b~c": "the client's own"
    });
    let answer = app.anonymous().post("/people", &input).await;
    let expected = [
        "/? unknown_field",
        "/address/a~1b~0c too_large",
        "/address/more unknown_field",
        "/address/street too_long",
        "/born wrong_type",
        "/boxed wrong_type",
        "/color wrong_type",
        "/id wrong_type",
        "/others/0/a~1b~0c wrong_type",
        "/others/0/street wrong_type",
        "/others/1/a~1b~0c required",
        "/others/1/street required",
        "/seat too_small",
        "/second/street required",
    ];
    assert_eq!(failures(&answer), expected);
    for echoed in ["too long\"", "yesterday", "not-an-id", "the client"] {
        assert!(!answer.text().contains(echoed), "{echoed}: {answer:?}");
    }
    check_uniform(&answer);
    // When everything parses, the checks find the same places.
    let parsed =
        json!({"address": {"street": "a street that is too long", "a/b~c": 4}, "others": [{"street": "x", "a/b~c": 9}], "color": "blue"});
    let answer = app.anonymous().post("/people", &parsed).await;
    assert_eq!(failures(&answer), ["/address/a~1b~0c too_large", "/address/street too_long", "/others/0/a~1b~0c too_large"]);
    // A field that stands twice is nobody's guess.
    let twice = r#"{"address":{"street":"a","street":"b","a/b~c":1},"others":[],"color":"blue"}"#;
    let answer = app.anonymous().raw(Method::POST, "/people", "application/json", twice.into()).await;
    assert_eq!(answer.status, 422, "{answer:?}");
}

async fn a_query_and_a_form_are_read_alike(app: TestApp) {
    for (text, expected) in [
        ("text=abc", "abc None any None"),
        ("text=a%20b&number=9&color=blue&exact=true", "a b Some(9) blue Some(true)"),
        ("text=a+b&color=dark_red&exact=false", "a b None dark red Some(false)"),
        ("text=", " None any None"),
        ("text=%C3%A9", "é None any None"),
        ("text=12345&number=1", "12345 Some(1) any None"),
        ("text=true", "true None any None"),
    ] {
        let anonymous = app.anonymous();
        let (query, form) = (anonymous.get(&format!("/search?{text}")).await, send(anonymous.form("/search", text)).await);
        assert_eq!((query.status, query.text().as_str()), (200, expected), "{text}");
        assert_eq!((form.status, form.text().as_str()), (200, expected), "{text}");
    }
}

async fn every_failing_parameter_is_named(app: TestApp) {
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("", vec!["/text required"]),
        ("text=abcdef", vec!["/text too_long"]),
        ("text=123456", vec!["/text too_long"]),
        ("text=123456&number=x", vec!["/number wrong_type", "/text too_long"]),
        // A text that reads like a number is still a text.
        ("text=123&number=secret", vec!["/number wrong_type"]),
        ("text=true&exact=secret", vec!["/exact wrong_type"]),
        ("text=a&number=0", vec!["/number too_small"]),
        ("text=a&number=10&color=secret", vec!["/color wrong_type", "/number too_large"]),
        ("text=a&number=256", vec!["/number wrong_type"]),
        ("text=a&number=-1", vec!["/number wrong_type"]),
        ("text=a&number=1e0", vec!["/number wrong_type"]),
        ("text=a&number=", vec!["/number wrong_type"]),
        ("text=a&secret=1&secret=2", vec!["/secret unknown_field"]),
        ("text=a&%3Csecret%3E=1", vec!["/? unknown_field"]),
        ("text=a&text=secret", vec!["/text repeated"]),
        ("number=1", vec!["/text required"]),
    ];
    for (text, expected) in cases {
        let anonymous = app.anonymous();
        for answer in [anonymous.get(&format!("/search?{text}")).await, send(anonymous.form("/search", text)).await] {
            assert_eq!(failures(&answer), expected, "{text}: {answer:?}");
            assert!(!answer.text().contains("secret\"") || expected == ["/secret unknown_field"], "{text}: {answer:?}");
            check_uniform(&answer);
        }
    }
    for text in ["text=%ff", "text=%c3%28", "%ff=1"] {
        assert_eq!(app.anonymous().get(&format!("/search?{text}")).await.status, 400, "{text}");
        assert_eq!(send(app.anonymous().form("/search", text)).await.status, 400, "{text}");
    }
    let json = app.anonymous().post("/search", &json!({"text": "a"})).await;
    assert_eq!(json.status, 415);
}

async fn a_path_that_does_not_parse_names_nothing(app: TestApp) {
    assert_eq!(app.anonymous().get("/rooms/3/blue-room").await.text(), "3 blue-room");
    for path in [
        "/rooms/0/a",
        "/rooms/10/a",
        "/rooms/x/a",
        "/rooms/3/Blue",
        "/rooms/3/a%2fb",
        "/rooms/3/%00",
        "/rooms/3/%ff",
        "/rooms/3/",
        "/rooms/3",
    ] {
        let answer = app.anonymous().get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        check_uniform(&answer);
    }
}

async fn headers_are_given_without_credentials(app: TestApp) {
    let request = app.anonymous().request(Method::GET, "/headers");
    let request = request.header("x-one", "1").header("x-two", "2").header("x-two", "3").header("cookie", "a=secret");
    assert_eq!(send(request.header("x-binary", [0xe9_u8].as_slice())).await.text(), "1 - - - -");
}

async fn plain_bytes_are_bounded(app: TestApp) {
    let post = async |media_type: &str, length: usize| app.anonymous().raw(Method::POST, "/bytes", media_type, vec![0xff; length]).await;
    assert_eq!(post("application/octet-stream", 1000).await.text(), "1000");
    let too_large = post("application/octet-stream", 1001).await;
    assert_eq!(too_large.status, 413);
    check_uniform(&too_large);
    assert_eq!(post("text/plain", 1).await.status, 415);
    assert_eq!(post("application/octet-stream; charset=latin1", 1).await.status, 415);
}

async fn the_document_describes_every_place(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let query = document["paths"]["/search"]["get"]["parameters"].as_array().unwrap();
    let parameter = |name: &str| query.iter().find(|own| own["name"] == name).unwrap();
    assert_eq!((&parameter("text")["in"], &parameter("text")["required"]), (&json!("query"), &json!(true)));
    assert_eq!(parameter("text")["schema"]["maxLength"], 5);
    assert_eq!((&parameter("number")["required"], &parameter("number")["schema"]["maximum"]), (&json!(false), &json!(9)));
    let path = document["paths"]["/rooms/{floor}/{name}"]["get"]["parameters"].as_array().unwrap();
    assert!(path.iter().all(|own| own["in"] == "path" && own["required"] == true) && path.len() == 2);
    let content =
        |path: &str| document["paths"][path]["post"]["requestBody"]["content"].as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(content("/search"), "application/x-www-form-urlencoded");
    assert_eq!(content("/bytes"), "application/octet-stream");
    assert_eq!(document["components"]["schemas"]["Color"]["enum"], json!(["dark_red", "blue"]));
    assert_eq!(document["components"]["schemas"]["Address"]["properties"]["a/b~c"]["maximum"], 3);
}
