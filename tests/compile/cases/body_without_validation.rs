//! The type of a body has no validation.
use portcullis::prelude::*;

struct Light {
    id: u32,
}

/// Turn a light on.
#[post("/lights", access = Authenticated)]
async fn light_on(Json(light): Json<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
