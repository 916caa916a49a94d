//! An endpoint that declares no access policy.
use portcullis::prelude::*;

/// Delete everything.
#[delete("/everything")]
async fn delete_everything(database: Database) -> Result<NoContent> {
    database.query("DELETE FROM everything").execute().await?;
    Ok(NoContent)
}

fn main() {}
