//! An output is sent as another type.
use portcullis::prelude::*;

/// A row of the database, its password hash with it.
#[derive(portcullis::__private::serde::Serialize, portcullis::__private::schemars::JsonSchema)]
#[serde(crate = "portcullis::__private::serde")]
#[schemars(crate = "portcullis::__private::schemars")]
#[derive(Clone)]
struct Row {
    password_hash: String,
}

#[output]
#[serde(into = "Row")]
#[derive(Clone)]
struct RowView {
    name: String,
}

impl From<RowView> for Row {
    fn from(view: RowView) -> Self {
        Self { password_hash: view.name }
    }
}

fn main() {}
