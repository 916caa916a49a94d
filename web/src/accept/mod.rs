//! Accepting connections: sockets, TLS, connection limits, shutdown.
#![allow(missing_docs)]
use schemars::JsonSchema;
use serde::Deserialize;
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct LimitsSettings {}
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct TlsSettings {}
impl TlsSettings { #[must_use] pub fn is_development(&self) -> bool { true } }
use std::sync::Arc;
pub trait Service: Send + Sync + 'static {
    fn call(self: Arc<Self>, request: http::Request<hyper::body::Incoming>, peer: Peer) -> impl Future<Output = http::Response<axum::body::Body>> + Send;
}
#[derive(Clone, Copy, Debug)] pub struct Peer { pub address: std::net::SocketAddr, pub tls: bool, pub http2: bool, pub local_port: u16 }
