//! Security headers on every answer, exactly once each, by kind of answer.
//!
//! Handlers and raw routers can't loosen them: what they set under these names is replaced. The one exception is a page with a policy of
//! its own ([`ContentSecurityPolicy`] in the response's extensions) and a file that says how it may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admit::{RATE_LIMIT, RATE_LIMIT_POLICY, Verdict};
use crate::respond::Problem;

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

/// A page's own content security policy, as an extension of its response.
#[derive(Clone, Debug)]
pub struct ContentSecurityPolicy(pub HeaderValue);

/// The prepared headers: whole maps, so that an answer takes a copy instead of one insertion after the other.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    over_https: Prepared,
    over_http: Prepared,
}

/// Each map begins with what nearly every answer has besides, under its name and blank: filling it in moves nothing.
#[derive(Clone, Debug)]
struct Prepared {
    api: HeaderMap,
    html: HeaderMap,
    /// What an answer may not set itself.
    ours: HeaderMap,
}

/// What differs from answer to answer.
#[derive(Default, Debug)]
pub(crate) struct Particular {
    /// A page's own policy.
    pub(crate) policy: Option<ContentSecurityPolicy>,
    pub(crate) request_id: Option<HeaderValue>,
    /// The quota, unless a refusal names another.
    pub(crate) verdict: Option<Verdict>,
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
    pub(crate) fn stamp(&self, headers: &mut HeaderMap, particular: Particular, https: bool) {
        let prepared = if https { &self.over_https } else { &self.over_http };
        let (mut is_html, mut is_file) = (false, false);
        for (name, value) in headers.iter() {
            is_html |= *name == header::CONTENT_TYPE && value.as_bytes().starts_with(b"text/html");
            is_file |= *name == header::ETAG;
        }
        let mut stamped = if is_html { prepared.html.clone() } else { prepared.api.clone() };
        if let Some(policy) = &particular.policy {
            stamped.insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
        }
        // A file says how it may be cached; nothing else does.
        if is_file && let Some(value) = headers.remove(header::CACHE_CONTROL) {
            stamped.insert(header::CACHE_CONTROL, value);
        }
        let (mut content_type, mut keep) = (None, None);
        for (name, value) in headers.drain() {
            let is_first = name.is_some();
            if let Some(name) = name {
                if name == header::CONTENT_TYPE {
                    (content_type, keep) = (Some(value), None);
                    continue;
                }
                keep = Some(name).filter(|name| !prepared.is_ours(name) && !particular.sets(name));
            }
            match &keep {
                // The first may have a blank to fill.
                Some(name) if is_first => drop(stamped.insert(name, value)),
                Some(name) => drop(stamped.append(name, value)),
                None => {}
            }
        }
        particular.fill(content_type, &mut stamped);
        *headers = stamped;
    }

    /// The headers of a problem that the gate answers by itself, without a map of its own for the few that are the problem's.
    pub(crate) fn of_problem(&self, problem: &Problem, particular: Particular, https: bool) -> HeaderMap {
        let prepared = if https { &self.over_https } else { &self.over_http };
        let mut stamped = prepared.api.clone();
        let own = problem.headers();
        for (place, (name, value)) in own.iter().enumerate() {
            if *name == header::CONTENT_TYPE || prepared.is_ours(name) || particular.sets(name) {
                continue;
            }
            if own.iter().take(place).any(|(earlier, _)| earlier == name) {
                stamped.append(name, value.clone());
            } else {
                stamped.insert(name, value.clone());
            }
        }
        particular.fill(Some(problem.content_type()), &mut stamped);
        stamped
    }
}

impl Particular {
    /// Whether it says what this header is: an answer's own is left out.
    fn sets(&self, name: &HeaderName) -> bool {
        self.verdict.is_some() && (*name == RATE_LIMIT || *name == RATE_LIMIT_POLICY)
    }

    /// Fills in the blanks, and leaves none.
    fn fill(self, content_type: Option<HeaderValue>, stamped: &mut HeaderMap) {
        let (policy, state) = self.verdict.map(|verdict| verdict.values()).unzip();
        let mut fillings = [content_type, self.request_id, policy, state.flatten()];
        // In one pass over the front of the map, where they are, instead of a search for each.
        let mut empty = 0;
        for (name, value) in stamped.iter_mut().take(BLANKS.len()) {
            let place = BLANKS.iter().position(|blank| blank == name).filter(|_| value.is_empty());
            match place.and_then(|place| fillings.get_mut(place)).map(Option::take) {
                Some(Some(filling)) => *value = filling,
                Some(None) => empty += 1,
                None => {}
            }
        }
        for name in BLANKS.iter().filter(|_| empty > 0) {
            if stamped.get(name).is_some_and(HeaderValue::is_empty) {
                stamped.remove(name);
            }
        }
    }
}

impl Prepared {
    /// Whether an answer may not set it itself.
    fn is_ours(&self, name: &HeaderName) -> bool {
        self.ours.contains_key(name)
    }

    fn new(common: &HeaderMap) -> Self {
        let mut ours = common.clone();
        for name in [
            header::CONTENT_SECURITY_POLICY,
            X_REQUEST_ID,
            // Over plain HTTP nobody may ask for HTTPS.
            header::STRICT_TRANSPORT_SECURITY,
            // Which origins may read an answer, the list alone says, afterwards; none of them by the cookie.
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ] {
            ours.insert(name, BLANK);
        }
        for name in REMOVED {
            ours.insert(HeaderName::from_static(name), BLANK);
        }
        let with = |policy| {
            let mut headers = HeaderMap::with_capacity(MOST);
            headers.extend(BLANKS.map(|name| (name, BLANK)));
            headers.extend(common.clone());
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            headers
        };
        Self { api: with(API_POLICY), html: with(HTML_POLICY), ours }
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
const REMOVED: &[&str] = &["server", "x-powered-by", "sourcemap", "expect-ct", "public-key-pins", "feature-policy"];
/// Room for the prepared headers and some more.
const MOST: usize = 24;
const BLANK: HeaderValue = HeaderValue::from_static("");
/// What nearly every answer has besides, in front of the prepared maps.
const BLANKS: [HeaderName; 4] = [header::CONTENT_TYPE, X_REQUEST_ID, RATE_LIMIT_POLICY, RATE_LIMIT];
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
