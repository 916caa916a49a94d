//! SQL is a text of the program, and its values are bound.
use portcullis::prelude::*;

async fn find(database: &Database, name: &str) -> Result<u64> {
    Ok(database.query("DELETE FROM notes WHERE name = $1").bind(name).execute().await?)
}

fn main() {}
