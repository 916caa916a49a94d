//! A list isn't scoped to its caller, and its author says why.
use portcullis::prelude::*;

/// List notes.
#[get("/notes", access = Authenticated, unscoped = "everybody sees every note")]
async fn list_notes(page: PageRequest) -> Text {
    Text(page.fetch().to_string().into())
}

fn main() {}
