//! Security headers on every answer, exactly once each, by kind of answer.
//!
//! Handlers and raw routers can't loosen them: what they set under these names is replaced. The one exception is a page with a policy of
//! its own ([`ContentSecurityPolicy`] in the response's extensions) and a file that says how it may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use self::prepared::{Prepared, names_others};
use crate::accept::FieldLines;
use crate::admit::{RATE_LIMIT, RATE_LIMIT_POLICY, Verdict};
use crate::app::config::written;
use crate::respond::Problem;

mod as_lines;
mod as_map;
mod prepared;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
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

/// A page's own content security policy, as an extension of its response.
#[derive(Clone, Debug)]
pub struct ContentSecurityPolicy(pub HeaderValue);

/// The prepared headers, as a map for HTTP/2 and as lines for HTTP/1.1: an answer takes a copy instead of one insertion after the other.
#[derive(Debug)]
pub(crate) struct SecurityHeaders {
    over_https: Prepared,
    over_http: Prepared,
}

/// What differs from answer to answer.
#[derive(Default, Debug)]
pub(crate) struct Particular<'a> {
    /// A page's own policy.
    pub(crate) policy: Option<ContentSecurityPolicy>,
    pub(crate) request_id: Option<&'a str>,
    /// The quota, unless a refusal names another.
    pub(crate) verdict: Option<Verdict>,
}

impl<'de> Deserialize<'de> for XssProtection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match written(deserializer, "`0`, `off` or `1; mode=block`")?.as_str() {
            "0" => Ok(Self::Zero),
            "off" => Ok(Self::Off),
            "1; mode=block" => Ok(Self::Block),
            other => Err(D::Error::unknown_variant(other, &["0", "off", "1; mode=block"])),
        }
    }
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

    /// Puts the headers on an answer: into the lines where there are some, else into its own.
    pub(crate) fn stamp(&self, headers: &mut HeaderMap, lines: Option<&mut FieldLines>, particular: &Particular<'_>, https: bool) {
        let prepared = self.prepared(https);
        let kind = prepared.strip(headers, particular);
        match lines {
            Some(lines) => prepared.write(kind, particular, lines),
            None => prepared.merge(headers, kind, particular),
        }
    }

    /// The headers of a problem that the gate answers by itself, without a map of its own for the few that are the problem's.
    pub(crate) fn of_problem(
        &self,
        problem: &Problem,
        lines: Option<&mut FieldLines>,
        particular: &Particular<'_>,
        https: bool,
    ) -> HeaderMap {
        let prepared = self.prepared(https);
        let own = problem.headers().iter();
        let is_left = |name, value| !prepared.is_ours(name) && !particular.sets(name) && !names_others(name, value);
        let own = own.filter(|(name, value)| *name != header::CONTENT_TYPE && is_left(name, value));
        match lines {
            Some(lines) => {
                let mut headers = HeaderMap::new();
                lines.line(&header::CONTENT_TYPE, &problem.content_type());
                for (name, value) in own {
                    if MAPPED.contains(name) {
                        headers.append(name, value.clone());
                    } else {
                        lines.line(name, value);
                    }
                }
                prepared.write(Kind::default(), particular, lines);
                headers
            }
            None => {
                let mut headers = HeaderMap::with_capacity(MOST);
                headers.insert(header::CONTENT_TYPE, problem.content_type());
                for (name, value) in own {
                    headers.append(name, value.clone());
                }
                prepared.merge(&mut headers, Kind::default(), particular);
                headers
            }
        }
    }

    fn prepared(&self, https: bool) -> &Prepared {
        if https { &self.over_https } else { &self.over_http }
    }
}

/// What an answer is, as far as its headers depend on it.
#[derive(Clone, Copy, Default, Debug)]
struct Kind {
    is_html: bool,
    /// Says itself how it may be cached.
    is_file: bool,
}

impl Particular<'_> {
    /// Whether it says what this header is: an answer's own is left out.
    fn sets(&self, name: &HeaderName) -> bool {
        self.verdict.is_some() && (*name == RATE_LIMIT || *name == RATE_LIMIT_POLICY)
    }
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
/// What hyper has to know of, or may still be replaced.
const MAPPED: [HeaderName; 3] = [header::CONNECTION, header::DATE, header::ACCESS_CONTROL_EXPOSE_HEADERS];
const REMOVED: &[&str] = &["server", "x-powered-by", "sourcemap", "expect-ct", "public-key-pins", "feature-policy"];
/// Room for the prepared headers and some more.
const MOST: usize = 24;
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox");
const HTML_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests;
