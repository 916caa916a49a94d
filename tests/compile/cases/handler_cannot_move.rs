//! A handler holds something that may not move to another thread while it waits.
use std::rc::Rc;

use portcullis::prelude::*;

/// Turn the lights off.
#[post("/lights/off", access = Authenticated)]
async fn lights_off(database: Database) -> Result<NoContent> {
    let count = Rc::new(1);
    database.query("DELETE FROM lights").execute().await?;
    drop(count);
    Ok(NoContent)
}

fn main() {}
