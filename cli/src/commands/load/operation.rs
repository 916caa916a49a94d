use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use portcullis::Failure;
use serde::Serialize;
use serde_json::json;

use super::connection::Asked;
use super::target::Target;
use super::users::User;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    LogIn,
    Read,
    Write,
}

/// One kind of request, ready to be made often.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    method: Method,
    uri: Uri,
    host: HeaderValue,
    content: Content,
    /// As people read it.
    pub(super) description: String,
}

/// What goes into the body.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Nothing,
    LogInForm,
    Json(Bytes),
    /// A profile whose e-mail address is there and gone in turns, so that each request changes the row.
    TogglingEmail,
}

impl Operation {
    pub(super) fn new(target: &Target, is_http2: bool, method: Method, path: &str, content: Content) -> Result<Self, Failure> {
        if !path.starts_with('/') {
            return Err(Failure::usage(format!("{path:?} is not a path; it is written like /notes?limit=10")));
        }
        let uri = target.uri(path)?;
        let description = format!("{method} {path}");
        // Over HTTP/1.1 the host goes into a header of its own.
        let uri = if is_http2 { uri } else { uri.path_and_query().cloned().map_or(uri, Uri::from) };
        let host = HeaderValue::from_str(target.authority().as_str()).map_err(Failure::usage)?;
        Ok(Self { method, uri, host, content, description })
    }

    /// The request of this user.
    pub(super) fn request(&self, user: &User) -> Asked {
        let (body, content_type) = match &self.content {
            Content::Nothing => (Bytes::new(), None),
            Content::LogInForm => (user.log_in_form.clone(), Some("application/x-www-form-urlencoded")),
            Content::Json(body) => (body.clone(), Some("application/json")),
            Content::TogglingEmail => {
                let email = user.toggle().then(|| format!("{}@load.example", user.name));
                (json!({ "email": email }).to_string().into(), Some("application/json"))
            }
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("portcullis-load/", env!("CARGO_PKG_VERSION"))));
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let (Some(token), false) = (user.authorization(), matches!(self.content, Content::LogInForm)) {
            headers.insert(header::AUTHORIZATION, token);
        }
        request
    }
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::LogIn, Self::Read, Self::Write];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
