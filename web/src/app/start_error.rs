use std::fmt;

use super::endpoint::Endpoint;

/// The service could not start; the text says what and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// The service could not start.
    #[must_use]
    pub fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }

    pub(crate) fn twice(endpoint: &Endpoint) -> Self {
        Self(format!("two endpoints answer {} {}", endpoint.verb().as_str(), endpoint.path()))
    }

    pub(crate) fn route(path: &str, error: &matchit::InsertError) -> Self {
        Self(format!("the path {path} collides with another: {error}"))
    }
}
