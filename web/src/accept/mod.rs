//! Accepting connections: sockets, TLS, connection limits, shutdown.

mod limits;
pub use limits::{Limits, LimitsSettings};
mod connections;
mod tls;
pub use tls::{Certificates, TlsMode, TlsProfile, TlsSettings, install_crypto_provider};
mod shutdown;
pub use shutdown::Shutdown;
mod server;
pub(crate) use server::{Server, ServerParts};
pub use server::{Peer, Service};
