use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admit::Quota;

/// Logs.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `json`, one object a line, or `pretty` for people. Unset: `json` when the output is not a terminal.
    pub format: Option<LogFormat>,
    /// The least important events that are written: `error`, `warn`, `info`, `debug` or `trace`, with targets as in `info,sqlx=warn`.
    pub level: String,
    /// Whether each request has its line.
    pub requests: bool,
    /// Lines for refused requests of one client address (one /64 of IPv6), such as `60/min`; also `/s` and `/h`. Beyond it, one line every ten seconds says how many there were. `off` writes a line for each.
    pub refusals_per_address: Quota,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: None, level: "info".to_owned(), requests: true, refusals_per_address: Quota::per_minute(60) }
    }
}
