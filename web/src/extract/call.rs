use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Method, Uri};
use portcullis_core::{Id, Principal};
use tokio::time::Instant;

use crate::accept::{Held, Holder};
use crate::admit::ClientAddress;
use crate::app::{Endpoint, Runtime};
use crate::authz::Loaded;
use crate::respond::Problem;

/// One request on its way to its handler, after the gate let it pass.
pub struct Call {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) parts: http::request::Parts,
    pub(crate) body: Option<Body>,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) principal: Option<Principal>,
    pub(crate) object: Option<Loaded>,
    pub(crate) address: IpAddr,
    pub(crate) request_id: Id,
    /// When the handler has to have answered.
    pub(crate) deadline: Instant,
    /// The bytes of the body, which count until the handler has answered.
    pub(crate) held: Option<Held>,
}

impl Call {
    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The request's target.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The caller, if one is signed in.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The client's address, after the trusted-proxy rule.
    #[must_use]
    pub fn client_address(&self) -> IpAddr {
        self.address
    }

    /// The request's identifier, as in the log and in `X-Request-Id`.
    #[must_use]
    pub fn request_id(&self) -> Id {
        self.request_id
    }

    /// The application's database, clock and settings.
    #[must_use]
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// A path parameter, percent-decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// The body, which only one argument takes.
    pub(crate) fn take_body(&mut self) -> Body {
        self.body.take().unwrap_or_default()
    }

    /// Counts the bytes of the body.
    pub(super) fn held(&mut self) -> &mut Held {
        let holder = if self.principal.is_some() { Holder::SignedIn } else { Holder::Anonymous };
        self.held.get_or_insert_with(|| self.runtime.buffered().hold(ClientAddress::new(self.address).bucket(), holder))
    }

    /// The query, without the question mark.
    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or("")
    }

    /// The media type of the body without parameters; refuses other charsets than UTF-8 and repeated headers.
    pub(crate) fn content_type(&self) -> Result<Cow<'_, str>, Problem> {
        let mut values = self.parts.headers.get_all(http::header::CONTENT_TYPE).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(unsupported("The request needs one Content-Type."));
        };
        let text = value.to_str().map_err(|_| unsupported("The Content-Type is not readable."))?;
        let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
        for parameter in parameters.split(';') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
                return Err(unsupported("The charset must be UTF-8."));
            }
        }
        Ok(Cow::Owned(media.trim().to_ascii_lowercase()))
    }

    /// Refuses every body that isn't of this media type, and every content coding.
    pub(crate) fn require_content_type(&self, wanted: &str) -> Result<(), Problem> {
        if self.parts.headers.contains_key(http::header::CONTENT_ENCODING) {
            return Err(unsupported("Encoded bodies are not accepted."));
        }
        if self.content_type()? == wanted { Ok(()) } else { Err(unsupported("The Content-Type is not one that this endpoint reads.")) }
    }
}

pub(crate) fn unsupported(detail: &'static str) -> Problem {
    Problem::new(http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} {}, {})", self.parts.method, self.endpoint.path(), self.request_id)
    }
}
