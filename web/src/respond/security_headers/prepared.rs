use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::as_lines::Lines;
use super::as_map::Maps;
use super::{API_POLICY, HTML_POLICY, Kind, Particular, REMOVED, X_REQUEST_ID};

/// What all answers have, in both forms, and what none may set itself.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) maps: Maps,
    pub(super) lines: Lines,
    ours: HeaderMap,
}

impl Prepared {
    pub(super) fn new(common: &HeaderMap) -> Self {
        let mut ours = common.clone();
        for name in [
            header::CONTENT_SECURITY_POLICY,
            X_REQUEST_ID,
            // Over plain HTTP nobody may ask for HTTPS.
            header::STRICT_TRANSPORT_SECURITY,
            // Which origins may read an answer, the list alone says, afterwards; none of them by the cookie.
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            // The content says how long it is.
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ] {
            ours.insert(name, HeaderValue::from_static(""));
        }
        for name in REMOVED {
            ours.insert(HeaderName::from_static(name), HeaderValue::from_static(""));
        }
        let policies = [API_POLICY, HTML_POLICY];
        Self { maps: Maps::new(common, policies.clone()), lines: Lines::new(common, policies), ours }
    }

    /// Whether an answer may not set it itself.
    pub(super) fn is_ours(&self, name: &HeaderName) -> bool {
        self.ours.contains_key(name)
    }

    /// Takes out of an answer what it may not set itself, and all but the last of its content types.
    pub(super) fn strip(&self, headers: &mut HeaderMap, particular: &Particular<'_>) -> Kind {
        let (mut kind, mut types, mut caching, mut unwanted) = (Kind::default(), 0, 0, Vec::new());
        for (name, value) in &*headers {
            if *name == header::CONTENT_TYPE {
                types += 1;
                kind.is_html = value.as_bytes().starts_with(b"text/html");
            } else if *name == header::CACHE_CONTROL {
                caching += 1;
            } else if self.is_ours(name) || particular.sets(name) || names_others(name, value) {
                unwanted.push(name.clone());
            } else {
                kind.is_file |= *name == header::ETAG;
            }
        }
        kind.is_file &= caching > 0;
        for name in unwanted {
            headers.remove(name);
        }
        if types > 1 {
            let last = headers.get_all(header::CONTENT_TYPE).iter().next_back().cloned();
            last.map(|last| headers.insert(header::CONTENT_TYPE, last));
        }
        // A file says how it may be cached; nothing else does.
        if caching > 0 && !kind.is_file {
            headers.remove(header::CACHE_CONTROL);
        } else if caching > 1 {
            let first = headers.get(header::CACHE_CONTROL).cloned();
            first.map(|first| headers.insert(header::CACHE_CONTROL, first));
        }
        kind
    }
}

/// A `Connection` that names other headers, which whoever passes the answer on would then take out: ours, perhaps.
pub(super) fn names_others(name: &HeaderName, value: &HeaderValue) -> bool {
    let is_option = |word: &[u8]| ["close", "keep-alive", "upgrade"].iter().any(|option| word.eq_ignore_ascii_case(option.as_bytes()));
    *name == header::CONNECTION && !value.as_bytes().split(|byte| *byte == b',').all(|word| is_option(word.trim_ascii()))
}
