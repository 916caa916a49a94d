//! Answers: typed output, problem details, security headers.

mod problem;
pub use problem::{FieldError, Problem};
