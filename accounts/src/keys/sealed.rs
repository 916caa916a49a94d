use portcullis_core::Timestamp;
use portcullis_store::{Record, Row, StoreError};

/// A signing key as the database holds it.
pub(super) struct Sealed {
    pub(super) kid: String,
    pub(super) sealed: String,
    pub(super) created_at: Timestamp,
    pub(super) signs_from: Timestamp,
}

impl Record for Sealed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            kid: row.take("kid")?,
            sealed: row.take("sealed")?,
            created_at: row.take("created_at")?,
            signs_from: row.take("signs_from")?,
        })
    }
}

/// What a key is sealed for: it can't be opened as another one.
pub(super) fn place(kid: &str) -> String {
    format!("signing key {kid}")
}

pub(super) const ALL: &str = "SELECT kid, sealed, created_at, signs_from FROM portcullis_signing_keys ORDER BY signs_from, kid";
