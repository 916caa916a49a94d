//! The type of a form is validated.
use portcullis::prelude::*;

#[input]
struct Light {
    id: u32,
}

/// Turn a light on.
#[post("/lights", access = Authenticated)]
async fn light_on(Form(light): Form<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
