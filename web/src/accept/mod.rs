//! Accepting connections: sockets, TLS, connection limits, shutdown.
#![allow(missing_docs)]
use schemars::JsonSchema;
use serde::Deserialize;
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct LimitsSettings {}
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct TlsSettings {}
impl TlsSettings { #[must_use] pub fn is_development(&self) -> bool { true } }
