//! The type of a body is validated.
use portcullis::prelude::*;

#[input]
struct Light {
    id: u32,
}

/// Turn a light on.
#[post("/lights", access = Authenticated)]
async fn light_on(Json(light): Json<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
