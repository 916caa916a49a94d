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
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::StoreError;
use crate::batch::{Durability, Left};
use crate::driver::{Answer, Want};
use crate::record::Row;
use crate::settings::DatabaseSettings;
use crate::statement;
use crate::value::Value;

use open::Place;
pub(crate) use readers::Readers;
use writer::Writer;

/// One SQLite file.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    place: Place,
    /// Readers outside of those that requests share.
    reserved: Mutex<Vec<Weak<Readers>>>,
}

impl Sqlite {
    pub(crate) async fn connect(path: &Path, settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let place = Place::make(path, settings.wait)?;
        let writer = Writer::start(place.clone()).await?;
        let readers = Readers::start(place.clone(), settings.connections).await?;
        Ok(Self { writer, readers, place, reserved: Mutex::default() })
    }

    /// One reader outside of those that requests share, which waits no longer than this for a lock.
    pub(crate) fn reserve(&self, wait: Duration) -> Arc<Readers> {
        let readers = Readers::new(self.place.clone().waiting(wait), 1);
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.retain(|readers| readers.strong_count() > 0);
        reserved.push(Arc::downgrade(&readers));
        readers
    }

    fn reserved(&self) -> Vec<Arc<Readers>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
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
        for reserved in self.reserved() {
            reserved.close().await;
        }
        self.writer.close().await;
    }

    /// Statements are prepared anew: a connection remembers their columns, and the tables have changed.
    pub(crate) fn forget_statements(&self) {
        self.readers.forget();
        self.reserved().iter().for_each(|reserved| reserved.forget());
        self.writer.forget();
    }
}
