//! An endpoint attribute stands on a struct.
use portcullis::prelude::*;

/// The lights.
#[get("/lights", access = Authenticated)]
struct Lights;

fn main() {}
