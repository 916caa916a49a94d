use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use http_body_util::{BodyExt as _, Limited};

use super::argument::{Argument, Kind, Nothing};
use super::call::{Call, unsupported};
use super::raw::{body_limits, broken, too_large, too_slow};
use crate::app::OperationDoc;
use crate::respond::{FieldError, Problem};

/// What an upload may hold.
pub trait UploadRules: Send + 'static {
    /// The names of the file fields.
    const FILES: &'static [&'static str];
    /// The names of the file fields that must be there; all of them unless overridden.
    const REQUIRED: &'static [&'static str] = Self::FILES;
    /// The names of the text fields, each at most 4 KiB.
    const TEXTS: &'static [&'static str] = &[];
    /// The most bytes of one file.
    const MAX_FILE_BYTES: usize;
    /// The media types that are taken, recognised by their first bytes, never by what the client says.
    const TYPES: &'static [MediaType];
}

/// A media type and the bytes that its files begin with.
#[derive(Clone, Copy, Debug)]
pub struct MediaType {
    /// The name, such as `image/png`.
    pub name: &'static str,
    /// The first bytes of every such file.
    pub magic: &'static [u8],
}

impl MediaType {
    /// PNG images ([RFC 2083](https://www.rfc-editor.org/rfc/rfc2083)).
    pub const PNG: Self = Self { name: "image/png", magic: b"\x89PNG\r\n\x1a\n" };
    /// JPEG images.
    pub const JPEG: Self = Self { name: "image/jpeg", magic: b"\xff\xd8\xff" };
    /// PDF documents ([RFC 8118](https://www.rfc-editor.org/rfc/rfc8118)).
    pub const PDF: Self = Self { name: "application/pdf", magic: b"%PDF-" };
}

/// A multipart upload ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), read part by part, size and type checked on the way.
pub struct Upload<R> {
    /// The files by field name.
    pub files: BTreeMap<&'static str, UploadedFile>,
    /// The texts by field name.
    pub texts: BTreeMap<&'static str, String>,
    rules: PhantomData<fn() -> R>,
}

/// One uploaded file. The client's file name is not kept: it is not to be trusted.
#[derive(Clone)]
pub struct UploadedFile {
    /// The media type, recognised by the first bytes.
    pub media_type: &'static str,
    /// The content.
    pub content: Bytes,
}

impl<R: UploadRules> Argument for Upload<R> {
    const KIND: Kind = Kind::Body;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.upload_request_body(R::FILES, R::TEXTS, R::REQUIRED);
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.require_content_type("multipart/form-data")?;
        let content_type = call.parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let boundary = multer::parse_boundary(content_type).ok().filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()));
        let boundary = boundary.ok_or_else(|| unsupported("The multipart boundary is missing or too long."))?;
        let (limit, deadline) = body_limits(call)?;
        let stream = Limited::new(call.take_body(), limit).into_data_stream().map_err(std::io::Error::other);
        let parts = multer::Multipart::new(stream, boundary);
        tokio::time::timeout_at(deadline, read_parts::<R>(parts)).await.map_err(|_| too_slow())?
    }
}

async fn read_parts<R: UploadRules>(mut parts: multer::Multipart<'_>) -> Result<Upload<R>, Problem> {
    let (mut files, mut texts) = (BTreeMap::new(), BTreeMap::new());
    while let Some(part) = parts.next_field().await.map_err(|error| refuse(&error))? {
        let name = part.name().unwrap_or("").to_owned();
        if let Some(name) = R::FILES.iter().find(|own| **own == name) {
            let content = read_part(part, R::MAX_FILE_BYTES).await?;
            let media = R::TYPES.iter().find(|media| content.starts_with(media.magic));
            let media_type = media.ok_or_else(|| failure(name, "media_type", "Files of this type are not taken."))?.name;
            if files.insert(*name, UploadedFile { media_type, content }).is_some() {
                return Err(failure(name, "repeated", "This field stands more than once."));
            }
        } else if let Some(name) = R::TEXTS.iter().find(|own| **own == name) {
            let content = read_part(part, MAX_TEXT_BYTES).await?;
            let text = String::from_utf8(content.to_vec()).map_err(|_| failure(name, "wrong_type", "The text is not UTF-8."))?;
            if texts.insert(*name, text).is_some() {
                return Err(failure(name, "repeated", "This field stands more than once."));
            }
        } else {
            return Err(failure("?", "unknown_field", "This field is not known."));
        }
    }
    if let Some(missing) = R::REQUIRED.iter().find(|name| !files.contains_key(*name)) {
        return Err(failure(missing, "required", "This file is required."));
    }
    Ok(Upload { files, texts, rules: PhantomData })
}

async fn read_part(mut part: multer::Field<'_>, limit: usize) -> Result<Bytes, Problem> {
    let mut content = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| refuse(&error))? {
        if content.len() + chunk.len() > limit {
            return Err(too_large());
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.into())
}

fn refuse(error: &multer::Error) -> Problem {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return too_large();
        }
        source = cause.source();
    }
    if matches!(error, multer::Error::StreamReadFailed(_)) && error.to_string().contains("length limit") { too_large() } else { broken() }
}

fn failure(field: &str, code: &'static str, detail: &'static str) -> Problem {
    Problem::invalid(vec![FieldError { pointer: format!("/{field}"), code, detail: detail.into() }])
}

impl<R> fmt::Debug for Upload<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} files, {} texts)", self.files.len(), self.texts.len())
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadedFile({}, {} bytes)", self.media_type, self.content.len())
    }
}

const MAX_TEXT_BYTES: usize = 4096;
/// [RFC 2046 section 5.1.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1).
const LONGEST_BOUNDARY: usize = 70;
