//! The type of a query is validated.
use portcullis::prelude::*;

#[input]
struct Light {
    id: u32,
}

/// Turn a light on.
#[get("/lights", access = Authenticated)]
async fn light_on(Query(light): Query<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
