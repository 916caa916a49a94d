//! A body is JSON of any shape.
use portcullis::web::extract::AnyJson;
use portcullis::prelude::*;

/// Keep anything.
#[post("/anything", access = Authenticated)]
async fn keep(Json(anything): Json<AnyJson>) -> Text {
    Text(anything.to_string().into())
}

fn main() {}
