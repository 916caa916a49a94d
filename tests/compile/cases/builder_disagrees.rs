//! The builder's path names an object, and no object policy decides.
use portcullis::prelude::*;
use portcullis::web::app::{CallFuture, Endpoint, Verb};
use portcullis::web::extract::Call;
use portcullis::web::respond::Answer;

fn read(_: Call) -> CallFuture {
    Box::pin(async { NoContent.into_answer() })
}

static NOTE: Endpoint =
    Endpoint::builder(Verb::Get, "/notes/{id}", "note").access(Authenticated.guard()).dangerous_handler(&[], NoContent::describe, read, "a test").build();

fn main() {}
