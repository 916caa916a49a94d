//! A handler fails with a problem, whatever went wrong inside.
use portcullis::prelude::*;

/// Read the time.
#[get("/time", access = Authenticated)]
async fn time() -> Result<Text> {
    let time = std::fs::read_to_string("time").map_err(Problem::internal)?;
    Ok(Text(time.into()))
}

fn main() {}
