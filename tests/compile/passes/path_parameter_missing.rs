//! An argument takes a parameter that the path has.
use portcullis::prelude::*;

#[input]
struct LightId {
    id: u32,
}

/// Turn a light on.
#[post("/lights/{id}", access = Authenticated, without_object = "lights belong to nobody")]
async fn light_on(Path(light): Path<LightId>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
