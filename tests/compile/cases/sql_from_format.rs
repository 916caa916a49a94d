//! SQL is put together at run time.
use portcullis::prelude::*;

async fn find(database: &Database, name: &str) -> Result<u64> {
    let sql = format!("DELETE FROM notes WHERE name = '{name}'");
    Ok(database.query(&sql).execute().await?)
}

fn main() {}
