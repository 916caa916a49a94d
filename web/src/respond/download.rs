use std::fmt;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::json;

use super::answer::Answer;
use super::security_headers::ContentSecurityPolicy;
use crate::app::OperationDoc;
use crate::extract::is_token_byte;

/// A file that somebody uploaded, for saving: whatever it holds, a browser neither shows nor runs it as a page of this service.
///
/// It is an attachment in a sandbox, its type is never guessed, and a type that isn't on a short list of harmless ones (pictures, sound, films,
/// fonts, PDF, ZIP, JSON, CSV, plain text) is answered as plain bytes.
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

/// Whether it is one media type of the list, with nothing but parameters behind it
/// ([RFC 9110 section 8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)).
fn is_inert(media_type: &str) -> bool {
    let (name, parameters) = media_type.split_at(media_type.find(';').unwrap_or(media_type.len()));
    INERT.iter().any(|own| own.eq_ignore_ascii_case(name.trim_end_matches([' ', '\t']))) && are_parameters(parameters)
}

/// `*( OWS ";" OWS token "=" ( token / quoted-string ) )`
fn are_parameters(mut text: &str) -> bool {
    while let Some(more) = text.trim_start_matches([' ', '\t']).strip_prefix(';') {
        let Some((name, value)) = more.trim_start_matches([' ', '\t']).split_once('=') else { return false };
        let rest = match value.strip_prefix('"') {
            // No escapes: there is nothing in a parameter that would need one.
            Some(quoted) => quoted.split_once('"').filter(|(inside, _)| inside.bytes().all(is_quotable)).map(|(_, rest)| rest),
            None => value
                .split_at_checked(value.bytes().take_while(|byte| is_token_byte(*byte)).count())
                .and_then(|(token, rest)| (!token.is_empty()).then_some(rest)),
        };
        let Some(rest) = rest.filter(|_| !name.is_empty() && name.bytes().all(is_token_byte)) else { return false };
        text = rest;
    }
    text.is_empty()
}

const fn is_quotable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\'
}

/// What browsers only show or play, and never run.
const INERT: &[&str] = &[
    "application/gzip",
    "application/json",
    "application/pdf",
    "application/zip",
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "font/otf",
    "font/ttf",
    "font/woff",
    "font/woff2",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/csv",
    "text/plain",
    "video/mp4",
    "video/mpeg",
    "video/ogg",
    "video/webm",
];
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment");
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox");
const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_well_formed_media_type_of_the_list_passes() {
        for good in
            ["image/png", "IMAGE/PNG", "text/plain; charset=utf-8", "text/plain;charset=\"utf-8\" ; a=b", "text/csv ;header=present"]
        {
            assert_eq!(Download::new(good, "").media_type, good, "{good}");
        }
        for bad in [
            "image/png,text/javascript",
            "image/png, text/html",
            "audio/x text/html",
            "audio/x",
            "image/svg+xml",
            "image/png;text/html",
            "image/png; a=b, text/html",
            "image/png; a=b text/html",
            "image/png; a=\"b",
            "image/png; a=\"b\"c",
            "image/png; =b",
            "image/png; a=",
            "image/png;",
            " image/png",
            "image /png",
            "image/png\r\nx: y",
            "text/html",
            "text/plain\u{e9}",
            "image",
            "",
        ] {
            assert_eq!(Download::new(bad, "").media_type, BYTES, "{bad}");
        }
    }
}
