use std::collections::BTreeMap;
use std::fmt;
use std::iter::repeat;
use std::marker::PhantomData;
use std::ops::Range;

use bytes::Bytes;

use super::argument::{Argument, Kind, Nothing};
use super::body::{broken, read_watched, too_large};
use super::call::{Call, unsupported};
use super::multipart::{self, Next, Parts};
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

/// A multipart upload ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), size and type checked.
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
        let boundary = multipart::boundary(content_type).map(str::to_owned);
        let boundary = boundary.ok_or_else(|| unsupported("The multipart boundary is missing, repeated or too long."))?;
        let mut found = Found::<R>::new(&boundary);
        let body = read_watched(call, |so_far| found.look(so_far)).await?;
        found.finish(&body)
    }
}

/// The parts that were found so far.
struct Found<R> {
    parts: Parts,
    fields: Vec<(&'static str, Range<usize>)>,
    is_whole: bool,
    rules: PhantomData<fn() -> R>,
}

impl<R: UploadRules> Found<R> {
    fn new(boundary: &str) -> Self {
        Self { parts: Parts::new(boundary), fields: Vec::new(), is_whole: false, rules: PhantomData }
    }

    /// Looks at what has come since the last time, and refuses at once what can't become right.
    fn look(&mut self, so_far: &[u8]) -> Result<(), Problem> {
        loop {
            match self.parts.next(so_far).map_err(|_| broken())? {
                Next::Part(name, content) => {
                    let name = R::check(name.as_deref(), content.len(), &self.fields)?;
                    self.fields.push((name, content));
                }
                Next::More(Some((name, length))) => return R::check(name, length, &self.fields).map(|_| ()),
                Next::More(None) => return Ok(()),
                Next::End => {
                    self.is_whole = true;
                    return Ok(());
                }
            }
        }
    }

    fn finish(self, body: &Bytes) -> Result<Upload<R>, Problem> {
        if !self.is_whole {
            return Err(broken());
        }
        let (mut files, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for (name, content) in self.fields {
            let content = body.slice(content);
            if R::TEXTS.contains(&name) {
                let text = std::str::from_utf8(&content).map_err(|_| failure(name, "wrong_type", "The text is not UTF-8."))?;
                texts.insert(name, text.to_owned());
                continue;
            }
            let media = R::TYPES.iter().find(|media| content.starts_with(media.magic));
            let media_type = media.ok_or_else(|| failure(name, "media_type", "Files of this type are not taken."))?.name;
            // A file keeps the whole body in memory unless it is copied.
            let content = if content.len() < body.len() / 2 { Bytes::copy_from_slice(&content) } else { content };
            files.insert(name, UploadedFile { media_type, content });
        }
        if let Some(missing) = R::REQUIRED.iter().find(|name| !files.contains_key(*name)) {
            return Err(failure(missing, "required", "This file is required."));
        }
        Ok(Upload { files, texts, rules: PhantomData })
    }
}

/// What is asked of each part.
trait CheckPart: UploadRules {
    /// The field of a part of which so many bytes have come.
    fn check(name: Option<&str>, length: usize, before: &[(&'static str, Range<usize>)]) -> Result<&'static str, Problem> {
        let (files, texts) = (Self::FILES.iter().zip(repeat(Self::MAX_FILE_BYTES)), Self::TEXTS.iter().zip(repeat(MAX_TEXT_BYTES)));
        let field = files.chain(texts).find(|(own, _)| Some(**own) == name);
        let (field, limit) = field.ok_or_else(|| failure("?", "unknown_field", "This field is not known."))?;
        if before.iter().any(|(other, _)| other == field) {
            return Err(failure(field, "repeated", "This field stands more than once."));
        }
        if length > limit { Err(too_large()) } else { Ok(field) }
    }
}

impl<R: UploadRules> CheckPart for R {}

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
