//! The builder has no policy.
use portcullis::web::app::{Endpoint, Verb};

static LIGHTS: Endpoint = Endpoint::builder(Verb::Get, "/lights", "lights").build();

fn main() {}
