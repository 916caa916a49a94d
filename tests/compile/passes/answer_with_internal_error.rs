//! A handler fails with an error of the inside: the client sees a problem, the log sees the error.
use portcullis::prelude::*;
use portcullis::store::StoreError;

/// Say what is wrong.
#[get("/health", access = Authenticated)]
async fn health() -> Result<NoContent, StoreError> {
    Err(StoreError::NotFound)
}

fn main() {}
