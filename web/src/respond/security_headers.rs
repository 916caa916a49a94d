//! Security headers on every answer, exactly once each, by kind of answer.
//!
//! Handlers and raw routers can't loosen them: what they set under these names is replaced. The one exception is a page with a policy of
//! its own ([`ContentSecurityPolicy`] in the response's extensions) and a file that says how it may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Security headers.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeadersSettings {
    /// `X-XSS-Protection`: `0` as OWASP advises, `off` to send none, or the older `1; mode=block`, which can open leaks of its own.
    pub x_xss_protection: XssProtection,
    /// Adds `preload` to `Strict-Transport-Security`. Leaving the browsers' list takes months.
    pub hsts_preload: bool,
}

/// The value of `X-XSS-Protection`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub enum XssProtection {
    /// Switch the browser's old filter off.
    #[default]
    #[serde(rename = "0")]
    Zero,
    /// Send no such header.
    #[serde(rename = "off")]
    Off,
    /// The value of older guides.
    #[serde(rename = "1; mode=block")]
    Block,
}

/// What kind of answer it is, by what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// For programs.
    Api,
    /// A page for people.
    Html,
}

/// A page's own content security policy, as an extension of its response.
#[derive(Clone, Debug)]
pub struct ContentSecurityPolicy(pub HeaderValue);

/// The prepared headers: whole maps, so that an answer takes a copy instead of one insertion after the other.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    over_https: Prepared,
    over_http: Prepared,
}

#[derive(Clone, Debug)]
struct Prepared {
    api: HeaderMap,
    html: HeaderMap,
}

impl Default for HeadersSettings {
    fn default() -> Self {
        Self { x_xss_protection: XssProtection::Zero, hsts_preload: false }
    }
}

impl SecurityHeaders {
    pub(crate) fn new(settings: &HeadersSettings) -> Self {
        let mut common = HeaderMap::with_capacity(MOST);
        for (name, value) in COMMON {
            common.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let xss = match settings.x_xss_protection {
            XssProtection::Zero => Some("0"),
            XssProtection::Off => None,
            XssProtection::Block => Some("1; mode=block"),
        };
        if let Some(value) = xss {
            common.insert(header::X_XSS_PROTECTION, HeaderValue::from_static(value));
        }
        common.insert(header::CACHE_CONTROL, NO_STORE);
        let over_http = Prepared::new(&common);
        let hsts =
            if settings.hsts_preload { "max-age=63072000; includeSubDomains; preload" } else { "max-age=63072000; includeSubDomains" };
        common.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts));
        Self { over_https: Prepared::new(&common), over_http }
    }

    /// Puts the headers on an answer.
    pub(crate) fn stamp(&self, headers: &mut HeaderMap, own_policy: Option<ContentSecurityPolicy>, https: bool) {
        let prepared = if https { &self.over_https } else { &self.over_http };
        let mut stamped = match kind(headers) {
            Kind::Api => prepared.api.clone(),
            Kind::Html => prepared.html.clone(),
        };
        stamped.reserve(headers.len() + MORE);
        if let Some(policy) = own_policy {
            stamped.insert(header::CONTENT_SECURITY_POLICY, policy.0);
        }
        // A file says how it may be cached; nothing else does.
        if headers.contains_key(header::ETAG)
            && let Some(value) = headers.remove(header::CACHE_CONTROL)
        {
            stamped.insert(header::CACHE_CONTROL, value);
        }
        let mut keep = None;
        for (name, value) in headers.drain() {
            if let Some(name) = name {
                keep = Some(name).filter(|name| !is_ours(name, &prepared.api) && !REMOVED.contains(&name.as_str()));
            }
            if let Some(name) = &keep {
                stamped.append(name, value);
            }
        }
        *headers = stamped;
    }
}

impl Prepared {
    fn new(common: &HeaderMap) -> Self {
        let with = |policy| {
            let mut headers = common.clone();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            headers
        };
        Self { api: with(API_POLICY), html: with(HTML_POLICY) }
    }
}

/// Whether an answer may not set the header itself. Over plain HTTP nobody may ask for HTTPS.
fn is_ours(name: &HeaderName, prepared: &HeaderMap) -> bool {
    prepared.contains_key(name) || name == header::STRICT_TRANSPORT_SECURITY
}

fn kind(headers: &HeaderMap) -> Kind {
    let html = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if html { Kind::Html } else { Kind::Api }
}

const COMMON: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", PERMISSIONS),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
];
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), cross-origin-isolated=(), display-capture=(), encrypted-media=(), \
    fullscreen=(), geolocation=(), gyroscope=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(self), screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()";
const REMOVED: &[&str] = &["server", "x-powered-by", "sourcemap", "expect-ct", "public-key-pins", "feature-policy"];
/// Room for the prepared headers; and for those that come after them: the request's id, the quota, the origin.
const MOST: usize = 24;
const MORE: usize = 6;
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox");
const HTML_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_stands_once_and_cannot_be_loosened() {
        let mut headers = HeaderMap::new();
        headers.append("x-frame-options", HeaderValue::from_static("ALLOWALL"));
        headers.append("x-frame-options", HeaderValue::from_static("SAMEORIGIN"));
        headers.append("server", HeaderValue::from_static("x"));
        headers.append("cache-control", HeaderValue::from_static("public"));
        SecurityHeaders::new(&HeadersSettings::default()).stamp(&mut headers, None, true);
        for (name, _) in COMMON {
            assert_eq!(headers.get_all(*name).iter().count(), 1, "{name}");
        }
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["x-xss-protection"], "0");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["strict-transport-security"], "max-age=63072000; includeSubDomains");
        assert!(!headers.contains_key("server"));
    }

    #[test]
    fn plain_http_never_carries_hsts() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(&HeadersSettings::default()).stamp(&mut headers, None, false);
        assert!(!headers.contains_key("strict-transport-security"));
    }
}
