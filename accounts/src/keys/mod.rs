//! The keys that sign access tokens.
//!
//! They lie in the database, sealed with the master key, so that every replica signs and verifies with the same ones. Which key signs is a
//! function of the rows and the time, see [`plan`]; nobody has to run anything at the moment of a rotation.

mod freshness;
mod plan;
mod ring;
mod sealed;
pub(crate) use ring::{AccessToken, Signer};
pub use ring::{KeyRing, KeyView};
