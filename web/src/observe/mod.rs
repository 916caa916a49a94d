//! Logs, metrics and trace context: what an operator sees of a request, whatever becomes of it.

mod settings;
pub use settings::{LogFormat, LogSettings};
mod sink;
pub use sink::LogSink;
mod access_log;
mod line;
mod pace;
mod refusals;
pub(crate) use access_log::{Access, AccessLog};
mod logs;
pub(crate) use logs::with_own_request_id;
pub use logs::{init as init_logs, with_request_id};
mod metrics;
pub(crate) use metrics::{EndpointMetrics, Metrics};
mod audit_budget;
pub use audit_budget::{AuditBudget, AuditRoom, DroppedEvents};
mod denials;
pub use denials::{Denial, DenialLog};
pub(crate) use denials::{Denials, Refused, known_method};
mod trace;
pub(crate) use trace::TraceContext;
