//! Admitting requests: client addresses, rate limits, CORS, CSRF.
#![allow(missing_docs)]
use schemars::JsonSchema;
use serde::Deserialize;
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct CorsSettings {}
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct RateLimitSettings {}
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)] pub enum ForwardedHeader { #[default] XForwardedFor }
