//! An endpoint is open to every token, and nobody says what it gives up.
use portcullis::prelude::*;

/// Forget me.
#[post("/forget", access = GivesUpAuthority(""))]
async fn forget() -> NoContent {
    NoContent
}

fn main() {}
