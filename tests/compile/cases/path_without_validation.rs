//! The type of a path has no validation.
use portcullis::prelude::*;

struct Light {
    id: u32,
}

/// Turn a light on.
#[get("/lights/{id}", access = Authenticated, without_object = "lights belong to nobody")]
async fn light_on(Path(light): Path<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
