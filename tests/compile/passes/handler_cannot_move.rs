//! What a handler holds while it waits may move to another thread.
use std::sync::Arc;

use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off(database: Database) -> Result<NoContent> {
    let count = Arc::new(1);
    database.query("DELETE FROM lights").execute().await?;
    drop(count);
    Ok(NoContent)
}

fn main() {}
