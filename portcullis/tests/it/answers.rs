//! What handlers answer, and how it looks on the wire.

use http::Method;
use portcullis::prelude::*;
use portcullis::web::respond::SeeOther;
use portcullis_testing::{TestApp, World, check_uniform};
use serde_json::json;

use crate::support::{Role, start};

#[output]
struct View {
    name: String,
    shade: Shade,
    more: Option<Vec<u8>>,
}

#[output]
enum Shade {
    DarkRed,
}

fn view() -> View {
    View { name: "<script>".to_owned(), shade: Shade::DarkRed, more: None }
}

#[get("/json", access = Public("a test"))]
async fn as_json() -> Json<View> {
    Json(view())
}

#[post("/created", access = Public("a test"))]
async fn created() -> Created<View> {
    Created::new(view()).at("/things/1")
}

#[input]
struct At {
    #[check(length(chars, max = 100))]
    at: String,
}

#[post("/created/at", access = Public("a test"))]
async fn created_at(Json(at): Json<At>) -> Created<View> {
    Created::new(view()).at(at.at)
}

#[get("/page", access = Public("a test"), unscoped = "a test")]
async fn page(page: PageRequest) -> Page<View> {
    let after = page.after().and_then(|after| after.parse::<i64>().ok()).unwrap_or(0);
    let rows: Vec<i64> = (after + 1..=5).take(usize::try_from(page.fetch()).unwrap_or(0)).collect();
    page.finish(rows, i64::to_string, |row| View { name: row.to_string(), ..view() })
}

#[delete("/nothing", access = Public("a test"))]
async fn no_content() -> NoContent {
    NoContent
}

#[get("/html", access = Public("a test"))]
async fn html() -> Html {
    Html("<!doctype html><title>x</title>".into())
}

#[get("/text", access = Public("a test"))]
async fn text() -> Text {
    Text("<script>alert(1)</script>".into())
}

#[post("/see-other", access = Public("a test"))]
async fn see_other() -> SeeOther {
    SeeOther("/html")
}

#[get("/problem", access = Public("a test"))]
async fn problem() -> Result<NoContent> {
    Err(Problem::conflict("taken", "Somebody has it.").because("the private words of a conflict").retry_after(7))
}

async fn answers(world: World) -> TestApp {
    let app = App::<Role>::new("Answers");
    let app = app.endpoints(endpoints![as_json, created, created_at, page, no_content, html, text, see_other, problem]);
    start(app, world).await
}

on_one!(answers =>
    each_answer_has_its_status_type_and_body
    a_location_is_a_path_of_this_service
    a_list_comes_page_by_page
    head_is_get_without_the_content
    the_document_describes_each_answer
);

async fn each_answer_has_its_status_type_and_body(app: TestApp) {
    let object = json!({"name": "<script>", "shade": "dark_red", "more": null}).to_string();
    let cases = [
        (Method::GET, "/json", 200, Some("application/json"), object.as_str()),
        (Method::POST, "/created", 201, Some("application/json"), &object),
        (Method::DELETE, "/nothing", 204, None, ""),
        (Method::GET, "/html", 200, Some("text/html; charset=utf-8"), "<!doctype html><title>x</title>"),
        (Method::GET, "/text", 200, Some("text/plain; charset=utf-8"), "<script>alert(1)</script>"),
        (Method::POST, "/see-other", 303, None, ""),
    ];
    for (method, path, status, media_type, body) in cases {
        let answer = app.anonymous().send(method, path).await;
        assert_eq!((answer.status, answer.header("content-type"), answer.text().as_str()), (status, media_type, body), "{path}");
        check_uniform(&answer);
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("sandbox"), path != "/html", "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let location = match path {
            "/created" => Some("/things/1"),
            "/see-other" => Some("/html"),
            _ => None,
        };
        assert_eq!(answer.header("location"), location, "{path}");
    }
    let problem = app.anonymous().get("/problem").await;
    assert_eq!((problem.status, problem.header("retry-after"), &problem.json()["code"]), (409, Some("7"), &json!("taken")));
    check_uniform(&problem);
    assert!(!problem.text().contains("private words") && app.log().contains("private words of a conflict"));
}

async fn a_location_is_a_path_of_this_service(app: TestApp) {
    for (at, location) in [
        ("/things/1?x=%20", Some("/things/1?x=%20")),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("/\t/evil.example/", None),
        ("/\t\\evil.example/", None),
        ("/a b", None),
        ("javascript:alert(1)", None),
        ("/a\r\nset-cookie: a=b", None),
        ("", None),
    ] {
        let answer = app.anonymous().post("/created/at", &json!({"at": at})).await;
        assert_eq!((answer.status, answer.header("location"), answer.header("set-cookie")), (201, location, None), "{at:?}");
    }
}

async fn a_list_comes_page_by_page(app: TestApp) {
    let names = |page: &serde_json::Value| {
        page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let first = app.anonymous().get("/page?limit=2").await.json();
    let second = app.anonymous().get(&format!("/page?limit=2&cursor={}", first["next"].as_str().unwrap())).await.json();
    let third = app.anonymous().get(&format!("/page?limit=2&cursor={}", second["next"].as_str().unwrap())).await.json();
    assert_eq!((names(&first), names(&second), names(&third)), ("1 2".to_owned(), "3 4".to_owned(), "5".to_owned()));
    assert!(third.get("next").is_none());
}

async fn head_is_get_without_the_content(app: TestApp) {
    for path in ["/json", "/html", "/text", "/page", "/problem", "/not-there"] {
        let (get, head) = (app.anonymous().get(path).await, app.anonymous().send(Method::HEAD, path).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in get.headers.keys().filter(|name| !matches!(name.as_str(), "x-request-id" | "date")) {
            assert_eq!(head.headers.get(name), get.headers.get(name), "{path}: {name}");
        }
    }
    assert_eq!(app.anonymous().send(Method::HEAD, "/created").await.status, 405);
}

async fn the_document_describes_each_answer(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let responses = |method: &str, path: &str| document["paths"][path][method]["responses"].clone();
    assert!(responses("post", "/created")["201"]["headers"]["Location"].is_object());
    assert!(responses("post", "/see-other")["303"]["headers"]["Location"].is_object());
    assert!(responses("delete", "/nothing")["204"].get("content").is_none());
    assert!(responses("get", "/html")["200"]["content"]["text/html"].is_object());
    let page = &responses("get", "/page")["200"]["content"]["application/json"]["schema"];
    assert_eq!(page["properties"]["items"]["items"]["$ref"], "#/components/schemas/View");
    assert_eq!(document["components"]["schemas"]["View"]["properties"]["shade"]["$ref"], "#/components/schemas/Shade");
}
