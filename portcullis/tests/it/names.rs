//! The names of fields, as serde's words change them: in what comes in, in what goes out, and in the document.

use portcullis::prelude::*;
use portcullis_testing::{TestApp, World, check_uniform};
use serde_json::json;

use crate::support::{Role, failures, start};

#[input]
#[serde(rename_all = "camelCase")]
struct Parcel {
    #[check(length(chars, max = 10))]
    street_name: String,
    #[serde(rename = "ZIP")]
    #[check(range(max = 9999))]
    zip_code: u16,
    #[serde(default = "one")]
    item_count_in_all: u8,
    #[serde(default)]
    is_fragile: bool,
    r#type: Option<u8>,
}

fn one() -> u8 {
    1
}

#[input]
#[serde(rename_all = "kebab-case")]
struct Search {
    zip_code: u16,
}

#[input]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Shout {
    zip_code: u16,
}

#[input]
#[serde(rename_all = "PascalCase")]
struct Shelf {
    #[check(range(max = 9))]
    shelf_number: u8,
}

#[input]
struct Nothing {}

#[output]
#[serde(rename_all = "camelCase")]
struct Receipt {
    street_name: String,
    zip_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<u8>,
}

#[output]
struct Counted {
    item_count: u8,
    is_fragile: bool,
    r#type: Option<u8>,
}

#[post("/parcels", access = Public("a test"))]
async fn parcel(Json(parcel): Json<Parcel>) -> Json<Receipt> {
    let counted = u16::from(parcel.item_count_in_all) + u16::from(parcel.is_fragile);
    Json(Receipt { street_name: parcel.street_name, zip_code: parcel.zip_code + counted, r#type: parcel.r#type })
}

#[post("/counted", access = Public("a test"))]
async fn counted(Json(parcel): Json<Parcel>) -> Json<Counted> {
    Json(Counted { item_count: parcel.item_count_in_all, is_fragile: parcel.is_fragile, r#type: parcel.r#type })
}

#[get("/search", access = Public("a test"))]
async fn search(Query(search): Query<Search>) -> Text {
    Text(search.zip_code.to_string().into())
}

#[post("/shout", access = Public("a test"))]
async fn shout(Form(shout): Form<Shout>) -> Text {
    Text(shout.zip_code.to_string().into())
}

#[get("/shelves/{ShelfNumber}", access = Public("a test"), without_object = "shelves are nobody's")]
async fn shelf(Path(shelf): Path<Shelf>) -> Text {
    Text(shelf.shelf_number.to_string().into())
}

#[post("/nothing", access = Public("a test"))]
async fn nothing(Json(Nothing {}): Json<Nothing>) -> NoContent {
    NoContent
}

async fn names(world: World) -> TestApp {
    start(App::<Role>::new("Names").endpoints(endpoints![parcel, counted, search, shout, shelf, nothing]), world).await
}

on_one!(names =>
    fields_come_and_go_under_their_outer_names
    failures_name_the_outer_names
    what_need_not_be_there_has_its_default
    every_place_has_its_style
    an_input_without_fields_takes_an_empty_object
    the_document_has_the_outer_names
);

async fn fields_come_and_go_under_their_outer_names(app: TestApp) {
    let input = json!({"streetName": "Main", "ZIP": 1000, "itemCountInAll": 3, "isFragile": true, "type": 7});
    let answer = app.anonymous().post("/parcels", &input).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"streetName": "Main", "zipCode": 1004, "type": 7})));
    let answer = app.anonymous().post("/counted", &input).await;
    assert_eq!(answer.text(), r#"{"item_count":3,"is_fragile":true,"type":7}"#, "in the order of the fields");
}

async fn failures_name_the_outer_names(app: TestApp) {
    let input = json!({"streetName": "Much too long", "ZIP": 10_000, "zip_code": 1, "itemCountInAll": null});
    let answer = app.anonymous().post("/parcels", &input).await;
    assert_eq!(failures(&answer), ["/ZIP too_large", "/itemCountInAll wrong_type", "/streetName too_long", "/zip_code unknown_field"]);
    check_uniform(&answer);
    let answer = app.anonymous().post("/parcels", &json!({})).await;
    assert_eq!(failures(&answer), ["/ZIP required", "/streetName required"]);
}

async fn what_need_not_be_there_has_its_default(app: TestApp) {
    let answer = app.anonymous().post("/counted", &json!({"streetName": "Main", "ZIP": 1})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"item_count": 1, "is_fragile": false, "type": null})));
}

async fn every_place_has_its_style(app: TestApp) {
    assert_eq!(app.anonymous().get("/search?zip-code=7").await.text(), "7");
    assert_eq!(failures(&app.anonymous().get("/search?zip_code=7").await), ["/zip-code required", "/zip_code unknown_field"]);
    assert_eq!(crate::support::send(app.anonymous().form("/shout", "ZIP_CODE=8")).await.text(), "8");
    assert_eq!(app.anonymous().get("/shelves/9").await.text(), "9");
    assert_eq!(app.anonymous().get("/shelves/10").await.status, 404);
}

async fn an_input_without_fields_takes_an_empty_object(app: TestApp) {
    assert_eq!(app.anonymous().post("/nothing", &json!({})).await.status, 204);
    assert_eq!(failures(&app.anonymous().post("/nothing", &json!({"a": 1})).await), ["/a unknown_field"]);
    for other in [json!([]), json!(null), json!("text"), json!(1)] {
        assert_eq!(app.anonymous().post("/nothing", &other).await.status, 422, "{other}");
    }
}

async fn the_document_has_the_outer_names(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    let names = |name: &str| {
        let mut names: Vec<String> = schemas[name]["properties"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names("Parcel"), ["ZIP", "isFragile", "itemCountInAll", "streetName", "type"]);
    assert_eq!(schemas["Parcel"]["required"], json!(["streetName", "ZIP"]));
    assert_eq!(
        (&schemas["Parcel"]["additionalProperties"], &schemas["Parcel"]["properties"]["ZIP"]["maximum"]),
        (&json!(false), &json!(9999))
    );
    assert_eq!(names("Receipt"), ["streetName", "type", "zipCode"]);
    assert_eq!(names("Counted"), ["is_fragile", "item_count", "type"]);
    assert_eq!(document["paths"]["/search"]["get"]["parameters"][0]["name"], "zip-code");
    assert_eq!(document["paths"]["/shelves/{ShelfNumber}"]["get"]["parameters"][0]["name"], "ShelfNumber");
}
