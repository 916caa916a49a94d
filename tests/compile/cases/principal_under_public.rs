//! The caller is asked for, but nobody need be signed in.
use portcullis::prelude::*;

/// Say who is asking.
#[get("/whoami", access = Public("everyone may ask"))]
async fn whoami(me: Principal) -> Text {
    Text(me.subject().to_owned().into())
}

fn main() {}
