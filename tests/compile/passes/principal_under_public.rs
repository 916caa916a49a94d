//! Under a public policy the caller may be there or not.
use portcullis::prelude::*;

/// Say who is asking.
#[get("/whoami", access = Public("everyone may ask"))]
async fn whoami(me: Option<Principal>) -> Text {
    Text(me.map_or_else(|| "nobody".to_owned(), |me| me.subject().to_owned()).into())
}

fn main() {}
