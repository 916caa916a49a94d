use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::prepared::Prepared;
use super::{Kind, MOST, Particular, X_REQUEST_ID};
use crate::admit::{RATE_LIMIT, RATE_LIMIT_POLICY};

/// Maps that begin with what nearly every answer has besides, under its name and blank: filling it in moves nothing.
#[derive(Debug)]
pub(super) struct Maps {
    api: HeaderMap,
    html: HeaderMap,
}

impl Maps {
    pub(super) fn new(common: &HeaderMap, policies: [HeaderValue; 2]) -> Self {
        let [api, html] = policies.map(|policy| {
            let mut headers = HeaderMap::with_capacity(MOST);
            headers.extend(BLANKS.map(|name| (name, BLANK)));
            headers.extend(common.clone());
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            headers
        });
        Self { api, html }
    }
}

impl Prepared {
    /// Brings the prepared headers and an answer's own, of which it was stripped, together.
    pub(super) fn merge(&self, headers: &mut HeaderMap, kind: Kind, particular: &Particular<'_>) {
        let mut merged = if kind.is_html { self.maps.html.clone() } else { self.maps.api.clone() };
        if let Some(policy) = &particular.policy {
            merged.insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
        }
        let mut content_type = None;
        let mut last = None;
        for (name, value) in headers.drain() {
            match (name, &last) {
                (Some(name), _) if name == header::CONTENT_TYPE => content_type = Some(value),
                (Some(name), _) => {
                    merged.insert(&name, value);
                    last = Some(name);
                }
                (None, Some(name)) => drop(merged.append(name, value)),
                (None, None) => {}
            }
        }
        let request_id = particular.request_id.and_then(|id| HeaderValue::from_str(id).ok()).map(|mut value| {
            // HTTP/2 keeps it out of its compression table, where it would push out headers that come again (RFC 7541 section 6.2.3).
            value.set_sensitive(true);
            value
        });
        let (policy, state) = particular.verdict.map(|verdict| verdict.values()).unzip();
        fill(&mut merged, [content_type, request_id, policy, state.flatten()]);
        *headers = merged;
    }
}

/// Fills in the blanks, and leaves none.
fn fill(merged: &mut HeaderMap, mut fillings: [Option<HeaderValue>; 4]) {
    // In one pass over the front of the map, where they are, instead of a search for each.
    let mut filled = 0;
    for (name, value) in merged.iter_mut().take(BLANKS.len()) {
        let place = BLANKS.iter().position(|blank| blank == name).filter(|_| value.is_empty());
        if let Some(filling) = place.and_then(|place| fillings.get_mut(place)).and_then(Option::take) {
            *value = filling;
            filled += 1;
        }
    }
    for name in BLANKS.iter().filter(|_| filled < BLANKS.len()) {
        if merged.get(name).is_some_and(HeaderValue::is_empty) {
            merged.remove(name);
        }
    }
}

const BLANK: HeaderValue = HeaderValue::from_static("");
/// What nearly every answer has besides, in front of the prepared maps.
const BLANKS: [HeaderName; 4] = [header::CONTENT_TYPE, X_REQUEST_ID, RATE_LIMIT_POLICY, RATE_LIMIT];
