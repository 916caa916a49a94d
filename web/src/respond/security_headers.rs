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

/// The prepared headers.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    common: Vec<(HeaderName, HeaderValue)>,
    hsts: HeaderValue,
}

impl Default for HeadersSettings {
    fn default() -> Self {
        Self { x_xss_protection: XssProtection::Zero, hsts_preload: false }
    }
}

impl SecurityHeaders {
    pub(crate) fn new(settings: &HeadersSettings) -> Self {
        let mut common: Vec<(HeaderName, HeaderValue)> =
            COMMON.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let xss = match settings.x_xss_protection {
            XssProtection::Zero => Some("0"),
            XssProtection::Off => None,
            XssProtection::Block => Some("1; mode=block"),
        };
        common.extend(xss.map(|value| (header::X_XSS_PROTECTION, HeaderValue::from_static(value))));
        let hsts =
            if settings.hsts_preload { "max-age=63072000; includeSubDomains; preload" } else { "max-age=63072000; includeSubDomains" };
        Self { common, hsts: HeaderValue::from_static(hsts) }
    }

    /// Puts the headers on an answer.
    pub(crate) fn stamp(&self, headers: &mut HeaderMap, own_policy: Option<ContentSecurityPolicy>, https: bool) {
        headers.reserve(self.common.len() + 4);
        for (name, value) in &self.common {
            headers.insert(name, value.clone());
        }
        if https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, self.hsts.clone());
        }
        let policy = own_policy.map_or_else(
            || match kind(headers) {
                Kind::Api => API_POLICY,
                Kind::Html => HTML_POLICY,
            },
            |own| own.0,
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        if !headers.contains_key(header::ETAG) || !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }
        for name in REMOVED {
            headers.remove(*name);
        }
    }
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
