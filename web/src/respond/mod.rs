//! Answers: typed output, problem details, security headers.

mod problem;
pub use problem::{FieldError, Problem};
mod output;
pub use output::{JsonSchema, Output, Serialize};
mod answer;
pub use answer::{Answer, AnswerSpec, Created, Html, IntoProblem, NoContent, Page, SeeOther, Text, answering};
mod events;
pub use events::{Event, Events};
mod download;
pub use download::Download;
mod security_headers;
pub use security_headers::{ContentSecurityPolicy, HeadersSettings, XssProtection};
pub(crate) use security_headers::{Particular, SecurityHeaders, X_REQUEST_ID};
