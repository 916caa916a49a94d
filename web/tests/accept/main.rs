//! Accepting connections, seen from real sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod client;
mod frames;
mod http1;
mod http2;
mod limits;
mod redirect;
mod service;
mod shutdown;
mod start;
mod tls;
