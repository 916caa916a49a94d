//! Logs, metrics and trace context.
#![allow(missing_docs)]
use schemars::JsonSchema;
use serde::Deserialize;
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)] #[serde(default)] pub struct LogSettings {}
#[derive(Debug)] pub struct EndpointMetrics;
