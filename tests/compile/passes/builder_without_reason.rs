//! The builder calls by hand, and says why.
use portcullis::prelude::*;
use portcullis::web::app::{CallFuture, Endpoint, Verb};
use portcullis::web::extract::Call;
use portcullis::web::respond::Answer;

fn read(_: Call) -> CallFuture {
    Box::pin(async { NoContent.into_answer() })
}

static LIGHTS: Endpoint = Endpoint::builder(Verb::Get, "/lights", "lights")
    .access(Authenticated.guard())
    .dangerous_handler(&[], NoContent::describe, read, "a test")
    .build();

fn main() {}
