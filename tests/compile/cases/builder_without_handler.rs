//! The builder has no handler.
use portcullis::prelude::*;
use portcullis::web::app::{Endpoint, Verb};

static LIGHTS: Endpoint = Endpoint::builder(Verb::Get, "/lights", "lights").access(Authenticated.guard()).build();

fn main() {}
