//! Secrets of the service: the master key, what is derived from it, and opaque tokens.
//!
//! Let through: a master key of 32 random bytes, from a setting or from `master.key` in the data directory (mode 0600, made at the first
//! start). Refused: a blank, short or monotonous key, a key file that others can read, a key that is not the one that the database was
//! sealed with. The deployment must give every replica the same key and keep it apart from the database's backups.

mod master_key;
pub use master_key::{MasterKey, MasterKeyError};
mod seal;
pub(crate) use seal::{Sealer, Unsealed};
mod opaque;
pub(crate) use opaque::{digest, random_token};
