//! Cross-site request forgery: unsafe requests that a browser authenticates by a cookie must come from our own pages.
//!
//! Let through: safe methods; `Sec-Fetch-Site: same-origin` or `none`; without that header an `Origin`, or else a `Referer`, of our own
//! origin. Refused with 403: everything else, a request without any of the three headers included. Requests that are authenticated by
//! `Authorization` alone don't come here: browsers don't send that header by themselves.

use http::{HeaderMap, Method, header};

use crate::respond::Problem;

/// Checks a request that a cookie authenticates, or that a log-in form sends.
///
/// # Errors
/// 403 when it doesn't come from our own pages.
pub fn check(method: &Method, headers: &HeaderMap, origins: &[String]) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let is_ours = |origin: &str| origins.iter().any(|own| own == origin);
    let passes = match (one(headers, "sec-fetch-site"), one(headers, "origin"), one(headers, header::REFERER.as_str())) {
        (Header::One(site), _, _) => matches!(site, "same-origin" | "none"),
        (Header::None, Header::One(origin), _) => is_ours(origin),
        (Header::None, Header::None, Header::One(referer)) => origin_of(referer).is_some_and(|origin| is_ours(&origin)),
        _ => false,
    };
    if passes { Ok(()) } else { Err(Problem::forbidden().because("cross-site request")) }
}

enum Header<'a> {
    None,
    One(&'a str),
    Many,
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Header<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::None,
        (Some(value), None) => value.to_str().map_or(Header::Many, Header::One),
        (Some(_), Some(_)) => Header::Many,
    }
}

fn origin_of(referer: &str) -> Option<String> {
    Some(url::Url::parse(referer).ok()?.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_send_unsafe_requests() {
        let origins = ["https://api.example.com".to_owned()];
        let passes = |method: Method, pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            check(&method, &headers, &origins).is_ok()
        };
        assert!(passes(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(passes(Method::POST, &[("sec-fetch-site", "same-origin")]));
        assert!(passes(Method::POST, &[("origin", "https://api.example.com")]));
        assert!(passes(Method::POST, &[("referer", "https://api.example.com/login?x")]));
        for pairs in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://api.example.com")],
            &[("origin", "https://api.example.com.evil.example")],
            &[("origin", "http://api.example.com")],
            &[("origin", "null")],
            &[("referer", "https://evil.example/https://api.example.com")],
            &[("origin", "https://api.example.com"), ("origin", "https://evil.example")],
        ] {
            assert!(!passes(Method::POST, pairs), "{pairs:?}");
        }
    }
}
