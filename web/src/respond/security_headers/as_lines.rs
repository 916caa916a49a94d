use http::{HeaderMap, HeaderValue, header};

use super::prepared::Prepared;
use super::{Kind, Particular, X_REQUEST_ID};
use crate::accept::FieldLines;

/// The prepared headers as lines, in parts that an answer may need apart.
#[derive(Debug)]
pub(super) struct Lines {
    /// All but the policy and how it may be cached.
    common: FieldLines,
    caching: FieldLines,
    api: FieldLines,
    html: FieldLines,
}

impl Lines {
    pub(super) fn new(common: &HeaderMap, policies: [HeaderValue; 2]) -> Self {
        let mut lines = [FieldLines::default(), FieldLines::default()];
        for (name, value) in common {
            let [common, caching] = &mut lines;
            if *name == header::CACHE_CONTROL { caching } else { common }.line(name, value);
        }
        let [common, caching] = lines;
        let [api, html] = policies.map(|policy| {
            let mut lines = FieldLines::default();
            lines.line(&header::CONTENT_SECURITY_POLICY, &policy);
            lines
        });
        Self { common, caching, api, html }
    }
}

impl Prepared {
    /// Writes the prepared headers, beside those that an answer has itself.
    pub(super) fn write(&self, kind: Kind, particular: &Particular<'_>, lines: &mut FieldLines) {
        lines.prepared(&self.lines.common);
        if !kind.is_file {
            lines.prepared(&self.lines.caching);
        }
        match &particular.policy {
            Some(policy) => lines.line(&header::CONTENT_SECURITY_POLICY, &policy.0),
            None if kind.is_html => lines.prepared(&self.lines.html),
            None => lines.prepared(&self.lines.api),
        }
        if let Some(id) = particular.request_id {
            lines.parts(&X_REQUEST_ID, &[id.as_bytes()]);
        }
        if let Some(verdict) = &particular.verdict {
            verdict.write(lines);
        }
    }
}
