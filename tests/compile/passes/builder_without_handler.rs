//! The builder has everything.
use portcullis::prelude::*;
use portcullis::web::app::{CallFuture, Endpoint, Verb};
use portcullis::web::extract::Call;
use portcullis::web::respond::Answer;

fn answer(_: Call) -> CallFuture {
    Box::pin(async { NoContent.into_answer() })
}

static LIGHTS: Endpoint = Endpoint::builder(Verb::Get, "/lights", "lights")
    .access(Authenticated.guard())
    .dangerous_handler(&[], NoContent::describe, answer, "a test")
    .build();

fn main() {}
