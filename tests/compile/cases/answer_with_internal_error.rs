//! An answer shows an error of the inside.
use portcullis::prelude::*;
use portcullis::store::StoreError;

/// Say what is wrong.
#[get("/health", access = Authenticated)]
async fn health() -> Json<StoreError> {
    Json(StoreError::NotFound)
}

fn main() {}
