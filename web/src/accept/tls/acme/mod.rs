//! Certificates from an ACME authority ([RFC 8555](https://www.rfc-editor.org/rfc/rfc8555)), ordered and renewed by the running service.
//!
//! Let through: answers to the challenges that this service itself has asked for, by http-01 on `http_listen` or by tls-alpn-01
//! ([RFC 8737](https://www.rfc-editor.org/rfc/rfc8737)) on `listen`, and only while they are pending. Refused: a certificate that doesn't fit
//! its key, its names or the present moment; an authority whose own certificate isn't trusted.
//! The deployment provides: names that lead to this service, and an authority that can reach port 80 (http-01) or 443 (tls-alpn-01).
//!
//! Everything lies below `tls/acme` in the data folder: the account's key, each certificate with its key in one file, the pending answers,
//! and the lock that makes one instance the one that renews. The others take what they find there.

mod settings;
pub use settings::{AcmeChallenge, AcmeSettings};
mod domain;
mod plan;
pub(in crate::accept) use plan::Plan;
mod store;
pub(in crate::accept) use store::Store;
mod challenges;
pub(in crate::accept) use challenges::{ALPN, Challenges};
mod account;
mod client;
mod failure;
mod order;
mod renewal;
mod schedule;
pub(in crate::accept) use renewal::Renewal;
