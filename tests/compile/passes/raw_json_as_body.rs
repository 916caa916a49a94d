//! JSON of any shape stands in a field of a validated body.
use portcullis::prelude::*;
use portcullis::web::extract::AnyJson;

#[input]
struct Body {
    #[check(unbounded = "kept for the client, never read")]
    anything: AnyJson,
}

/// Keep anything.
#[post("/anything", access = Authenticated)]
async fn keep(Json(body): Json<Body>) -> Text {
    Text(body.anything.to_string().into())
}

fn main() {}
