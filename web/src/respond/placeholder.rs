#![allow(missing_docs)]
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)] #[serde(default)] pub struct HeadersSettings {}
#[derive(Clone, Debug)] pub struct ContentSecurityPolicy(pub http::HeaderValue);
