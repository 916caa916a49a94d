//! Credentials in a request's head.
//!
//! Let through: one `Authorization: Bearer` header ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)), or else one
//! session cookie. Refused: two `Authorization` headers, another scheme, a malformed token (400). Ignored: tokens in the query or body; a
//! cookie beside an `Authorization` header; both of two cookies of one name, for nobody can tell which is ours.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::authority::Credential;
use crate::respond::Problem;

/// The name of the session cookie. The prefix makes browsers demand `Secure`, `Path=/` and no `Domain`.
pub const SESSION_COOKIE: &str = "__Host-session";

/// The credential of a request, whose bytes were not looked at yet: one that is remembered needn't be.
#[derive(Clone, Copy)]
pub(crate) enum Presented<'request> {
    Bearer(&'request [u8]),
    Session(&'request str),
}

/// Finds the credential of a request.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => bearer(value).map(Some),
        (Some(_), Some(_)) => Err(invalid_request("The request has two Authorization headers.")),
        (None, _) => Ok(session(headers).map(Presented::Session)),
    }
}

impl<'request> Presented<'request> {
    /// The credential, if it is made as one.
    pub(crate) fn credential(self) -> Result<Credential<'request>, Problem> {
        let token = match self {
            Self::Session(cookie) => return Ok(Credential::Session(cookie)),
            Self::Bearer(token) => token,
        };
        let readable = std::str::from_utf8(token).ok().filter(|token| !token.is_empty() && token.bytes().all(is_token_byte));
        readable.map(Credential::Bearer).ok_or_else(|| invalid_request("The bearer token is malformed."))
    }

    /// Its bytes as they came.
    pub(crate) const fn bytes(self) -> &'request [u8] {
        match self {
            Self::Bearer(token) => token,
            Self::Session(cookie) => cookie.as_bytes(),
        }
    }

    /// Whether a browser sent it by itself.
    pub(crate) const fn is_cookie(self) -> bool {
        matches!(self, Self::Session(_))
    }
}

/// 401 for a request without a credential: no error code, as there was nothing to be wrong.
pub(crate) fn unauthenticated() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first.").header(header::WWW_AUTHENTICATE, CHALLENGE)
}

/// 401 for a credential that isn't believed, whatever the reason.
pub(crate) fn invalid_token() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", "The credential is not valid, or not any more.")
        .header(header::WWW_AUTHENTICATE, INVALID_TOKEN)
}

/// 403 for a token without this scope, or for one with scopes where none would do.
pub(crate) fn insufficient_scope(scope: Option<&str>) -> Problem {
    let mut challenge = "Bearer realm=\"api\", error=\"insufficient_scope\"".to_owned();
    if let Some(scope) = scope {
        let _ = write!(challenge, ", scope=\"{scope}\"");
    }
    challenged(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", "The token's scopes don't reach this far."), &challenge)
}

/// 401 for a log-in that is too old ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
pub(crate) fn stale(seconds: u32) -> Problem {
    let challenge = format!("Bearer realm=\"api\", error=\"insufficient_user_authentication\", max_age=\"{seconds}\"");
    challenged(Problem::new(StatusCode::UNAUTHORIZED, "insufficient_user_authentication", "Sign in again first."), &challenge)
}

fn challenged(problem: Problem, challenge: &str) -> Problem {
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap_or(CHALLENGE))
}

fn invalid_request(detail: &'static str) -> Problem {
    Problem::bad_request("invalid_request", detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"api\", error=\"invalid_request\""))
}

fn bearer(value: &HeaderValue) -> Result<Presented<'_>, Problem> {
    let (scheme, rest) = value.as_bytes().split_at_checked(BEARER.len()).ok_or_else(unauthenticated)?;
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    if !scheme.eq_ignore_ascii_case(BEARER) || (spaces == 0 && !rest.is_empty()) {
        return Err(unauthenticated());
    }
    Ok(Presented::Bearer(rest.get(spaces..).unwrap_or_default()))
}

/// Whether it may stand in a bearer token, `b64token` of [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
const fn is_token_byte(byte: u8) -> bool {
    // From `-` to `9` come the stop, the slash and the digits.
    byte.is_ascii_alphabetic() | matches!(byte, b'-'..=b'9') | matches!(byte, b'_' | b'~' | b'+' | b'=')
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.to_str().ok()?.split(';') {
            let (name, value) = pair.trim().split_once('=').unwrap_or((pair, ""));
            if name == SESSION_COOKIE && found.replace(value).is_some() {
                return None;
            }
        }
    }
    found.filter(|value| !value.is_empty() && value.len() <= 128)
}

const BEARER: &[u8] = b"bearer";
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"api\"");
const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The access token is not valid\"");

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        match presented(&headers).and_then(|presented| presented.map(Presented::credential).transpose()) {
            Ok(Some(Credential::Bearer(token))) => Ok(Some(format!("bearer {token}"))),
            Ok(Some(Credential::Session(cookie))) => Ok(Some(format!("session {cookie}"))),
            Ok(None) => Ok(None),
            Err(problem) => Err(problem.status().as_u16()),
        }
    }

    #[test]
    fn the_bytes_of_a_token_are_those_of_the_grammar() {
        for byte in 0..=255_u8 {
            let expected = byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            assert_eq!(is_token_byte(byte), expected, "{byte:#x}");
        }
        for text in ["Bearer a\u{7f}", "Bearer \u{e9}", "Bearer \ta", "Bearer a\t"] {
            let value = HeaderValue::from_bytes(text.as_bytes());
            let refused = value.map_or(true, |value| bearer(&value).and_then(Presented::credential).is_err());
            assert!(refused, "{text:?}");
        }
    }

    #[test]
    fn a_credential_is_one_bearer_token_or_one_cookie() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("authorization", "bEARER a.b.c")]), Ok(Some("bearer a.b.c".to_owned())));
        assert_eq!(read(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]), Err(400));
        assert_eq!(read(&[("authorization", "Bearer")]), Err(400));
        assert_eq!(read(&[("authorization", "Bearer a b")]), Err(400));
        assert_eq!(read(&[("authorization", "Bearer a\"b")]), Err(400));
        assert_eq!(read(&[("authorization", "Basic YTpi")]), Err(401));
        assert_eq!(read(&[("cookie", "x=1; __Host-session=abc")]), Ok(Some("session abc".to_owned())));
        assert_eq!(read(&[("cookie", "__Host-session=abc; __Host-session=def")]), Ok(None));
        assert_eq!(read(&[("cookie", "__Host-session=abc"), ("cookie", "__Host-session=def")]), Ok(None));
        assert_eq!(read(&[("cookie", "__Host-session=abc"), ("authorization", "Bearer t")]), Ok(Some("bearer t".to_owned())));
    }
}
