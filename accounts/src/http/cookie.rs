use http::{HeaderName, HeaderValue, StatusCode, header};
use portcullis_core::Secret;
use portcullis_web::Response;
use portcullis_web::app::OperationDoc;
use portcullis_web::authn::SESSION_COOKIE;
use portcullis_web::respond::{Answer, NoContent};

/// The `Set-Cookie` of a new session: not persistent, out of reach of scripts, of this host alone.
pub(super) fn session(value: &Secret) -> Option<HeaderValue> {
    let mut cookie = HeaderValue::from_str(&format!("{SESSION_COOKIE}={}; {ATTRIBUTES}", value.expose())).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// 204: the session is over, and the browser forgets what it kept of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedOut {
    pub(super) from_cookie: bool,
}

impl portcullis_web::__private::AnswerSeal for SignedOut {}
impl Answer for SignedOut {
    fn describe(operation: &mut OperationDoc<'_>) {
        NoContent::describe(operation);
    }

    fn into_answer(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.from_cookie {
            response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(GONE));
            response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));
        }
        response
    }
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
const GONE: &str = "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
