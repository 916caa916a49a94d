//! Accepting connections: sockets, TLS, connection limits, shutdown.
