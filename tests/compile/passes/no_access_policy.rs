//! An endpoint declares its access policy.
use portcullis::prelude::*;

/// Delete everything.
#[delete("/everything", access = Authenticated)]
async fn delete_everything(database: Database) -> Result<NoContent> {
    database.query("DELETE FROM everything").execute().await?;
    Ok(NoContent)
}

fn main() {}
