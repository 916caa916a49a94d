//! A field of an answer shows an error of the inside.
use portcullis::prelude::*;
use portcullis::store::StoreError;

#[output]
struct Health {
    error: Option<StoreError>,
}

fn main() {}
