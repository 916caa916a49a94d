//! The embedded database: readers that run where they are asked, and one writer with a thread of its own.
//!
//! A read usually takes a few microseconds out of memory, less than handing it to another thread would: it runs on the caller's thread
//! within a budget of steps, and starts over on a blocking thread when it turns out to be long. Everything else goes to the writer, in the
//! order of asking; writes that wait together are committed together.

mod open;
mod readers;
mod run;
pub(crate) use run::SqliteRow;
mod writer;
pub(crate) use writer::Session;

use std::path::Path;
use std::sync::Arc;

use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::{Answer, Want};
use crate::record::Row;
use crate::settings::DatabaseSettings;
use crate::statement;
use crate::value::Value;

use open::Place;
use readers::Readers;
use writer::Writer;

/// One SQLite file.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
}

impl Sqlite {
    pub(crate) async fn connect(path: &Path, settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let place = Place::make(path, settings.wait)?;
        let writer = Writer::start(place.clone()).await?;
        let readers = Readers::start(place, settings.connections).await?;
        Ok(Self { writer, readers })
    }

    pub(crate) async fn run(&self, sql: &'static str, values: Vec<Value>, want: Want) -> Result<Answer, StoreError> {
        if !matches!(want, Want::Changes) && statement::only_reads(sql) {
            return self.readers.run(sql, values, want).await;
        }
        self.writer.run(sql, values, want).await
    }

    pub(crate) async fn begin(&self) -> Result<Session, StoreError> {
        self.writer.begin().await
    }

    pub(crate) async fn batch(&self, durability: Durability, left: Vec<Left>) -> Result<Vec<Option<Row>>, StoreError> {
        self.writer.batch(durability, left).await
    }

    /// Waits for what runs, then closes every connection.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Statements are prepared anew: a connection remembers their columns, and the tables have changed.
    pub(crate) fn forget_statements(&self) {
        self.readers.forget();
        self.writer.forget();
    }
}
