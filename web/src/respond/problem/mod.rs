use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

mod render;

/// An error with two messages: a safe one for the client, a private one for the log.
///
/// It becomes `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). The pipeline writes the body, so that
/// every error has the same shape and carries the request's id.
#[derive(Clone)]
pub struct Problem(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    status: StatusCode,
    kind: Cow<'static, str>,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    private: Option<String>,
    oauth: bool,
    violated: Option<&'static str>,
    denial: Option<(&'static str, &'static str)>,
}

/// One failing field of an input. Never holds the input itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldError {
    /// Where, as a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
    pub pointer: String,
    /// What, as a stable word for programs.
    pub code: &'static str,
    /// What, for people.
    pub detail: Cow<'static, str>,
}

// What makes one is cold, so that the compiler puts it out of the way of answers.
impl Problem {
    /// A problem with a status, a stable code for programs and a safe sentence for people.
    #[cold]
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Parts {
            status,
            kind: Cow::Borrowed("about:blank"),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            private: None,
            oauth: false,
            violated: None,
            denial: None,
        }))
    }

    /// 400: the request is malformed.
    #[cold]
    #[must_use]
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 403: the caller may not do this.
    #[cold]
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "You may not do this.")
    }

    /// 404: there is no such thing, or it isn't the caller's.
    #[cold]
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    /// 409: the request contradicts the present state.
    #[cold]
    #[must_use]
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: the input has failing fields.
    #[cold]
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", "The input has invalid fields.");
        problem.parts().errors = errors;
        problem
    }

    /// 500: something went wrong here; the cause goes to the log only.
    #[cold]
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong. Quote the request id when you report it.")
            .because(cause)
    }

    /// 503: a dependency is away or the service is full; the cause goes to the log only.
    #[cold]
    #[must_use]
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer at the moment.").retry_after(1).because(cause)
    }

    /// 400 in the form of an OAuth endpoint ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    #[cold]
    #[must_use]
    pub fn oauth(error: &'static str, description: &'static str) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, error, description);
        problem.parts().oauth = true;
        problem
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.parts().status = status;
        self
    }

    /// Adds the private message, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.parts().private = Some(cause.to_string());
        self
    }

    /// Replaces `about:blank` by a problem type of its own.
    #[must_use]
    pub fn kind(mut self, uri: &'static str) -> Self {
        self.parts().kind = Cow::Borrowed(uri);
        self
    }

    /// Marks a refusal of the gate, for the audit log and the metrics: the event's name, and which rule refused.
    pub(crate) fn denied_by(mut self, event: &'static str, rule: &'static str) -> Self {
        self.parts().denial = Some((event, rule));
        self
    }

    pub(crate) fn denial(&self) -> Option<(&'static str, &'static str)> {
        self.0.denial
    }

    /// Names the rate-limit policy that was violated.
    pub(crate) fn violated(mut self, policy: &'static str) -> Self {
        self.parts().violated = Some(policy);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts().headers.push((name, value));
        self
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The private message, for the log.
    #[must_use]
    pub fn private(&self) -> Option<&str> {
        self.0.private.as_deref()
    }

    /// The failing fields of a 422.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// An answer without a body.
    pub(crate) fn head(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.headers_mut().insert(header::CONTENT_TYPE, self.content_type());
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }

    pub(crate) fn content_type(&self) -> HeaderValue {
        if self.0.oauth { HeaderValue::from_static("application/json") } else { CONTENT_TYPE }
    }

    /// Its own headers, beside those of every answer.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    fn parts(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

impl IntoResponse for Problem {
    /// An answer without a body: the pipeline finds the problem in the extensions and renders it.
    fn into_response(self) -> Response {
        let mut response = self.head();
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({} {}", self.0.status.as_u16(), self.0.code)?;
        if let Some(private) = &self.0.private {
            write!(f, ": {private}")?;
        }
        f.write_str(")")
    }
}

impl From<portcullis_store::StoreError> for Problem {
    fn from(error: portcullis_store::StoreError) -> Self {
        if error.is_unavailable() { Self::unavailable(error) } else { Self::internal(error) }
    }
}

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
