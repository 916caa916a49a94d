//! HTTPS: where the certificate comes from, how it is renewed without dropping a connection, and which TLS is spoken.
//!
//! Let through: TLS 1.3, and TLS 1.2 with forward secrecy and AEAD unless the profile is `modern`; post-quantum key exchange first.
//! Refused: everything older, 0-RTT (it can be replayed), a key that doesn't match its certificate, plain HTTP without a trusted proxy.
//! The deployment provides: the PEM pair in `files` mode; names that lead here in `acme` mode; a proxy that alone can reach the port in `behind_proxy` mode.

mod settings;
pub use settings::{TlsMode, TlsProfile, TlsSettings};
mod open;
pub(super) use open::{Acme, open};
mod acme;
pub(super) use acme::{ALPN, Challenges, Renewal};
pub use acme::{AcmeChallenge, AcmeSettings};
mod certificates;
pub use certificates::Certificates;
mod counts;
pub use counts::CertificateCounts;
mod configuration;
mod development;
mod pair;
mod private_file;
mod source;
pub use configuration::install_crypto_provider;
pub(super) use configuration::{provider, server_configuration};
