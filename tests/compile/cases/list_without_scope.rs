//! A list isn't scoped to its caller.
use portcullis::prelude::*;

/// List notes.
#[get("/notes", access = Authenticated)]
async fn list_notes(page: PageRequest) -> Text {
    Text(page.fetch().to_string().into())
}

fn main() {}
