//! A row says by hand that it may leave the service.
use portcullis::prelude::*;
use portcullis::web::respond::Output;

/// A row of the database, its password hash with it.
#[derive(portcullis::__private::serde::Serialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
struct Row {
    password_hash: String,
}

impl Output for Row {}

fn main() {}
