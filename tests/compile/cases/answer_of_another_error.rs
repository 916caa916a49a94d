//! A handler fails with an error that isn't a problem.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> Result<Text, std::io::Error> {
    Ok(Text("noon".into()))
}

fn main() {}
