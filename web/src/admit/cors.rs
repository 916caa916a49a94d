//! Cross-origin requests: off unless an origin is listed.
//!
//! Let through: preflights of exactly the listed origins. Refused with 403 and without any CORS header: every other preflight. CORS never
//! replaces the policy of an endpoint. Refused at start: `null`, patterns, plain HTTP but to localhost.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Response;
use crate::respond::Problem;

/// Cross-origin requests.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorsSettings {
    /// The origins whose pages may call this service, such as `https://app.example.com`. Empty: none.
    pub origins: Vec<String>,
}

/// The prepared list.
#[derive(Clone, Debug)]
pub(crate) struct Cors(Vec<String>);

impl Cors {
    /// Checks the list.
    pub(crate) fn new(settings: &CorsSettings) -> Result<Self, String> {
        for origin in &settings.origins {
            let url = url::Url::parse(origin).map_err(|_| format!("`{origin}` is not an origin such as https://app.example.com"))?;
            if url.origin().ascii_serialization() != *origin {
                return Err(format!("`{origin}` is not an origin: write `{}`", url.origin().ascii_serialization()));
            }
            let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            if url.scheme() != "https" && !local {
                return Err(format!("`{origin}` is not HTTPS"));
            }
        }
        Ok(Self(settings.origins.clone()))
    }

    /// The answer to a preflight; `None` when the request is none.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Result<Response, Problem>> {
        if method != Method::OPTIONS || !headers.contains_key(header::ORIGIN) {
            return None;
        }
        let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let Some(origin) = self.listed(headers) else {
            return Some(Err(Problem::forbidden().because("preflight of an origin that isn't listed")));
        };
        if !METHODS.iter().any(|method| method.as_bytes() == wanted.as_bytes()) {
            return Some(Err(Problem::forbidden().because("preflight for a method that isn't used")));
        }
        if !headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter().all(names_only_ours) {
            return Some(Err(Problem::forbidden().because("preflight for a header that isn't read")));
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(Ok(response))
    }

    /// Puts the headers on an answer to a listed origin.
    pub(crate) fn stamp(&self, request_origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = request_origin.filter(|origin| self.0.iter().any(|own| own.as_bytes() == origin.as_bytes())) else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("www-authenticate, ratelimit, ratelimit-policy, retry-after, x-request-id, location"),
        );
    }

    pub(crate) fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    fn listed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        self.0.iter().any(|own| own.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }
}

fn names_only_ours(names: &HeaderValue) -> bool {
    names.to_str().is_ok_and(|names| names.split(',').all(|name| HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name.trim()))))
}

/// What the answer to a preflight lists, and what browsers may send without asking.
const HEADERS: &[&str] = &["authorization", "content-type", "accept", "accept-language", "content-language", "range"];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Result<Cors, String> {
        Cors::new(&CorsSettings { origins: origins.iter().map(|&origin| origin.to_owned()).collect() })
    }

    #[test]
    fn unsafe_lists_are_refused_at_start() {
        for bad in ["*", "null", "http://app.example.com", "https://app.example.com/", "https://*.example.com/x", "app.example.com", ""] {
            assert!(cors(&[bad]).is_err(), "{bad}");
        }
        assert!(cors(&["https://app.example.com", "http://localhost:3000"]).is_ok());
    }

    #[test]
    fn only_exactly_listed_origins_pass() {
        let cors = cors(&["https://app.example.com"]).unwrap();
        for (origin, passes) in [
            ("https://app.example.com", true),
            ("https://app.example.com.evil.example", false),
            ("https://APP.example.com", false),
            ("http://app.example.com", false),
            ("null", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
            let answer = cors.preflight(&Method::OPTIONS, &headers).unwrap();
            assert_eq!(answer.is_ok(), passes, "{origin}");
            let mut stamped = HeaderMap::new();
            cors.stamp(headers.get(header::ORIGIN), &mut stamped);
            assert_eq!(stamped.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), passes, "{origin}");
            assert!(stamped.contains_key(header::VARY));
        }
    }
}
