//! A type says by hand that it is bounded.
use portcullis::prelude::*;
use portcullis::web::extract::CheckField;

/// The number of a book, which has its own parser.
#[derive(portcullis::__private::serde::Deserialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
struct Number(String);

impl CheckField for Number {}

fn main() {}
