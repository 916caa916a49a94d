//! A response of axum is answered, and nobody says why.
use portcullis::prelude::*;
use portcullis::web::Response;
use portcullis::web::extract::{Foreign, Reason};

struct Legacy;

impl Reason for Legacy {
    const REASON: &'static str = "";
}

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off() -> Foreign<Response, Legacy> {
    Foreign::new(Response::default())
}

fn main() {}
