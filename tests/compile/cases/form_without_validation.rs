//! The type of a form has no validation.
use portcullis::prelude::*;

struct Light {
    id: u32,
}

/// Turn a light on.
#[post("/lights", access = Authenticated)]
async fn light_on(Form(light): Form<Light>) -> Text {
    Text(light.id.to_string().into())
}

fn main() {}
