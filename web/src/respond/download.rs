use std::fmt;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::json;

use super::answer::Answer;
use super::security_headers::ContentSecurityPolicy;
use crate::app::OperationDoc;

/// A file that somebody uploaded, for saving: whatever it holds, a browser neither shows nor runs it as a page of this service.
///
/// It is an attachment in a sandbox, its type is never guessed, and a type that browsers run (HTML, SVG, scripts, style sheets) is
/// answered as plain bytes.
pub struct Download {
    media_type: HeaderValue,
    name: Option<String>,
    content: Bytes,
}

impl Download {
    /// A file of this media type, as the upload recognised it.
    #[must_use]
    pub fn new(media_type: &str, content: impl Into<Bytes>) -> Self {
        let media_type = Some(media_type).filter(|name| is_inert(name)).and_then(|name| HeaderValue::from_str(name).ok());
        Self { media_type: media_type.unwrap_or(BYTES), name: None, content: content.into() }
    }

    /// Proposes a file name; what isn't a plain letter, digit, dot, hyphen or underscore is left out.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        let plain = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let plain: String = plain.skip_while(|c| *c == '.').take(LONGEST_NAME).collect();
        self.name = Some(plain).filter(|name| !name.is_empty());
        self
    }
}

#[diagnostic::do_not_recommend]
impl Answer for Download {
    fn describe(operation: &mut OperationDoc<'_>) {
        let content = json!({"*/*": {"schema": {"type": "string", "format": "binary"}}});
        operation.response(200, json!({"description": "A file.", "content": content}));
    }

    fn into_answer(self) -> Response {
        let mut response = Response::new(Body::from(self.content));
        let disposition = self.name.map(|name| format!("attachment; filename=\"{name}\""));
        let disposition = disposition.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or(ATTACHMENT);
        response.headers_mut().insert(header::CONTENT_TYPE, self.media_type);
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        response.extensions_mut().insert(ContentSecurityPolicy(SANDBOX));
        response
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Download({:?}, {} bytes)", self.media_type, self.content.len())
    }
}

/// Whether browsers only show or play this type.
fn is_inert(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let family = ["image/", "audio/", "video/", "font/"].iter().any(|family| name.starts_with(family));
    !name.contains("xml") && (family || INERT.contains(&name.as_str()))
}

const INERT: &[&str] = &["application/pdf", "application/zip", "application/json", "text/plain", "text/csv"];
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment");
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox");
const LONGEST_NAME: usize = 100;
