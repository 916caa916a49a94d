//! A handler reads the body twice.
use portcullis::prelude::*;

#[input]
struct Light {
    id: u32,
}

/// Turn two lights on.
#[post("/lights", access = Authenticated)]
async fn lights_on(Json(one): Json<Light>, Form(other): Form<Light>) -> Text {
    Text(format!("{} {}", one.id, other.id).into())
}

fn main() {}
