use axum::response::IntoResponse as _;
use http::{HeaderValue, StatusCode, header};

use super::service::Peer;
use crate::Response;
use crate::respond::Problem;

/// Why a request is answered here instead of by the pipeline. The text after the status goes to the log only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// 400: two readers could understand it differently, or nobody can.
    Malformed(&'static str),
    /// 414: the target is too long.
    TargetTooLong,
    /// 431: the header lines are too long or too many.
    HeadersTooLarge,
    /// 501: it needs something that isn't spoken here.
    Unsupported(&'static str),
    /// 505: another version of HTTP.
    Version,
}

impl Refusal {
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Malformed(why) => Problem::bad_request("malformed_request", "The request is not valid HTTP.").because(why),
            Self::TargetTooLong => Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The request target is too long."),
            Self::HeadersTooLarge => {
                let detail = "The header lines of the request are too long or too many.";
                Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
            }
            Self::Unsupported(why) => Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "not_implemented",
                "The request needs something that this service does not speak.",
            )
            .because(why),
            Self::Version => {
                Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "version_not_supported", "This service speaks HTTP/1.1 and HTTP/2.")
            }
        }
    }

    /// The answer, which ends an HTTP/1.1 connection: what follows a request that wasn't understood can't be understood either.
    pub(crate) fn answer(self, peer: Peer) -> Response {
        let mut response = self.problem().into_response();
        if !peer.http2 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
