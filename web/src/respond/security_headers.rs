//! Security headers on every answer, exactly once each, by kind of answer.
//!
//! Handlers and raw routers can't loosen them: what they set under these names is replaced. The one exception is a page with a policy of
//! its own ([`ContentSecurityPolicy`] in the response's extensions) and a file that says how it may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::admit::{RATE_LIMIT, RATE_LIMIT_POLICY, Verdict};

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

/// Each map has room for what nearly every answer has besides, under its name and blank: filling it in moves nothing.
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
        let content_type = headers.get(header::CONTENT_TYPE);
        let mut stamped = match kind(content_type) {
            Kind::Api => prepared.api.clone(),
            Kind::Html => prepared.html.clone(),
        };
        if content_type.is_none() {
            stamped.remove(header::CONTENT_TYPE);
        }
        if let Some(policy) = &particular.policy {
            stamped.insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
        }
        // A file says how it may be cached; nothing else does.
        if headers.contains_key(header::ETAG)
            && let Some(value) = headers.remove(header::CACHE_CONTROL)
        {
            stamped.insert(header::CACHE_CONTROL, value);
        }
        let mut keep = None;
        for (name, value) in headers.drain() {
            let is_first = name.is_some();
            if let Some(name) = name {
                keep = Some(name).filter(|name| !prepared.ours.contains_key(name));
            }
            match &keep {
                // The first may have a blank to fill.
                Some(name) if is_first => drop(stamped.insert(name, value)),
                Some(name) => drop(stamped.append(name, value)),
                None => {}
            }
        }
        particular.fill(&mut stamped);
        *headers = stamped;
    }

    /// The headers of a problem that the gate answers by itself, without a map of its own for the few that are the problem's.
    pub(crate) fn of_problem(&self, problem: &Problem, particular: Particular, https: bool) -> HeaderMap {
        let prepared = if https { &self.over_https } else { &self.over_http };
        let mut stamped = prepared.api.clone();
        stamped.insert(header::CONTENT_TYPE, problem.content_type());
        let own = problem.headers();
        for (place, (name, value)) in own.iter().enumerate().filter(|(_, (name, _))| !prepared.ours.contains_key(name)) {
            if own.iter().take(place).any(|(earlier, _)| earlier == name) {
                stamped.append(name, value.clone());
            } else {
                stamped.insert(name, value.clone());
            }
        }
        particular.fill(&mut stamped);
        stamped
    }
}

impl Particular {
    /// Fills in the blanks, and leaves none.
    fn fill(self, stamped: &mut HeaderMap) {
        match self.request_id {
            Some(value) => drop(stamped.insert(X_REQUEST_ID, value)),
            None => drop(stamped.remove(X_REQUEST_ID)),
        }
        match self.verdict {
            Some(verdict) => verdict.stamp(stamped),
            None => {
                for name in [RATE_LIMIT, RATE_LIMIT_POLICY] {
                    if stamped.get(&name).is_some_and(HeaderValue::is_empty) {
                        stamped.remove(name);
                    }
                }
            }
        }
    }
}

impl Prepared {
    fn new(common: &HeaderMap) -> Self {
        let mut ours = common.clone();
        for name in [
            header::CONTENT_SECURITY_POLICY,
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
            let mut headers = common.clone();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            for name in [header::CONTENT_TYPE, X_REQUEST_ID, RATE_LIMIT_POLICY, RATE_LIMIT] {
                headers.insert(name, BLANK);
            }
            headers
        };
        Self { api: with(API_POLICY), html: with(HTML_POLICY), ours }
    }
}

fn kind(content_type: Option<&HeaderValue>) -> Kind {
    let html = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
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
/// Room for the prepared headers and some more.
const MOST: usize = 24;
const BLANK: HeaderValue = HeaderValue::from_static("");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
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
        headers.append("access-control-allow-origin", HeaderValue::from_static("*"));
        headers.append("access-control-allow-credentials", HeaderValue::from_static("true"));
        headers.append("cache-control", HeaderValue::from_static("public"));
        SecurityHeaders::new(&HeadersSettings::default()).stamp(&mut headers, Particular::default(), true);
        for (name, _) in COMMON {
            assert_eq!(headers.get_all(*name).iter().count(), 1, "{name}");
        }
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["x-xss-protection"], "0");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["strict-transport-security"], "max-age=63072000; includeSubDomains");
        for name in ["server", "access-control-allow-origin", "access-control-allow-credentials"] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert!(headers.values().all(|value| !value.is_empty()), "a blank was left: {headers:?}");
    }

    #[test]
    fn a_blank_is_filled_once_and_what_comes_twice_stays_twice() {
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        headers.append("x-request-id", HeaderValue::from_static("forged"));
        headers.append("x-request-id", HeaderValue::from_static("forged too"));
        headers.append("content-type", HeaderValue::from_static("application/json"));
        let particular = Particular { request_id: Some(HeaderValue::from_static("1")), ..Particular::default() };
        SecurityHeaders::new(&HeadersSettings::default()).stamp(&mut headers, particular, true);
        let all = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!((all("x-request-id"), all("content-type")), (vec!["1"], vec!["application/json"]));
        assert_eq!((all("ratelimit").len(), all("ratelimit-policy").len()), (0, 0));
    }

    #[test]
    fn a_problem_has_the_same_headers_whichever_way_it_goes() {
        let problem = Problem::not_found()
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))
            .header(RATE_LIMIT, HeaderValue::from_static("its own"))
            .header(header::X_FRAME_OPTIONS, HeaderValue::from_static("ALLOWALL"))
            .header(header::SERVER, HeaderValue::from_static("x"))
            .retry_after(7);
        let prepared = SecurityHeaders::new(&HeadersSettings::default());
        for https in [false, true] {
            let particular = || Particular { request_id: Some(HeaderValue::from_static("1")), ..Particular::default() };
            let direct = prepared.of_problem(&problem, particular(), https);
            let mut answered = problem.head().headers().clone();
            prepared.stamp(&mut answered, particular(), https);
            assert_eq!(direct, answered);
            assert_eq!(direct.get_all(header::WWW_AUTHENTICATE).iter().count(), 2);
            assert_eq!(
                (&direct[RATE_LIMIT], &direct[header::X_FRAME_OPTIONS], &direct[header::RETRY_AFTER]),
                (&"its own".parse().unwrap(), &"DENY".parse().unwrap(), &"7".parse().unwrap())
            );
            assert!(!direct.contains_key(RATE_LIMIT_POLICY) && !direct.contains_key(header::SERVER));
        }
    }

    #[test]
    fn plain_http_never_carries_hsts() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(&HeadersSettings::default()).stamp(&mut headers, Particular::default(), false);
        assert!(!headers.contains_key("strict-transport-security"));
    }
}
