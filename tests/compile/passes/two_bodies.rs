//! A handler reads the body once, and the query beside it.
use portcullis::prelude::*;

#[input]
struct Light {
    id: u32,
}

/// Turn two lights on.
#[post("/lights", access = Authenticated)]
async fn lights_on(Json(one): Json<Light>, Query(other): Query<Light>) -> Text {
    Text(format!("{} {}", one.id, other.id).into())
}

fn main() {}
