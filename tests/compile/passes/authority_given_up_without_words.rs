//! An endpoint is open to every token, and says what it gives up.
use portcullis::prelude::*;

/// Forget me.
#[post("/forget", access = GivesUpAuthority("the caller's place in the queue"))]
async fn forget() -> NoContent {
    NoContent
}

fn main() {}
