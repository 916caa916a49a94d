//! Accepting connections, seen from real sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod acme;
mod acme_trouble;
mod advice;
mod authority;
mod certificate_files;
mod client;
mod dns;
mod excess;
mod frames;
mod http1;
mod http2;
mod limits;
mod logs;
mod ordering;
mod pebble;
mod redirect;
mod rest;
mod service;
mod shutdown;
mod stall;
mod stall_http2;
mod start;
mod tls;
