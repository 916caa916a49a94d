//! Accepting connections: sockets, TLS, connection limits, strict HTTP/1.1, shutdown.
//!
//! ```text
//! let server = Server::bind(ServerSettings { … }).await?;     // certificate read, ports taken: addresses are known
//! shutdown.begin_on_signals()?;                               // SIGTERM, Ctrl-C
//! server.serve(pipeline, management, shutdown).await;         // both: Arc<impl Service>
//! ```
//!
//! Let through to [`Service::call`]: requests of counted connections, over TLS unless a trusted proxy ends it, whose head is whole, within
//! the limits and unambiguous, with one valid host. What is refused before that is completed by [`Service::finish`], so it looks like every
//! other answer. Closed without an answer: surplus connections, handshakes and heads that take too long, clients that take answers too slowly.
//! The deployment provides: `proxy.trusted` behind a proxy, and a management port that the public network can't reach.

mod server;
pub use server::{ConnectionCounts, Drained, Server, ServerSettings};
mod service;
pub use service::{Excess, Peer, Service};
mod limits;
pub use limits::{Limits, LimitsSettings};
mod byte_budget;
pub(crate) use byte_budget::{ByteBudget, Exhausted, Held, Holder};
mod lines;
pub use lines::FieldLines;
mod connections;
mod listen;
mod pace;
mod socket;
mod tls;
pub use tls::{AcmeChallenge, AcmeSettings, CertificateCounts, Certificates, TlsMode, TlsProfile, TlsSettings, install_crypto_provider};
mod authority;
pub(crate) use authority::{MalformedHost, host_of, named};
mod batches;
mod body;
mod connection;
mod delivery;
mod guard;
mod head;
mod http1;
mod piece;
mod ping;
mod redirect;
mod refusal;
mod shutdown;
mod state;
mod stream;
mod unless;
mod unread;
pub use shutdown::Shutdown;
pub(crate) use unread::Http2Body;
