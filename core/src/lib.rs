//! Vocabulary and decisions of Portcullis.
//!
//! This crate knows neither HTTP nor a database: it holds the words that every other crate uses (principal, role, policy, token,
//! password, audit event) and the pure functions that decide. Everything here can be tested without a server.

mod clock;
pub use clock::{Clock, ManualClock, Steady, Timestamp};
mod id;
pub use id::{Id, ParseIdError, hexadecimal};
mod secret;
pub use secret::Secret;
mod role;
pub use role::{PermissionGrant, RoleEntry, RoleKind, mistake_of_roles};
mod scope;
pub use scope::ScopeEntry;
mod type_tag;
pub use type_tag::TypeTag;
mod principal;
pub mod words;
pub use principal::{Identity, Issuer, Principal};
pub mod policy;
mod revocation;
pub mod token;
pub use revocation::Revocations;
pub mod password;
