use std::mem::MaybeUninit;

use http::Uri;
use httparse::{Request, Status};

use super::framing::{Framing, framing};
use crate::accept::head::MOST_HEADERS;
use crate::accept::limits::Limits;
use crate::accept::refusal::Refusal;

/// What is known of a head that is still arriving.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Arriving {
    /// Bytes that were looked at already.
    seen: usize,
    /// Length of the request line with its end, once it is there.
    line: Option<usize>,
}

impl Arriving {
    /// Looks at the bytes that are new; the head's length and its body's framing once it is whole.
    pub(super) fn progress(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<(usize, Framing)>, Refusal> {
        if bytes == b"\r" {
            return Ok(None);
        }
        if bytes.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
            return Err(Refusal::Malformed("no request line"));
        }
        if self.seen == 0
            && let Some(whole) = at_once(bytes, limits)
        {
            return Ok(Some(whole));
        }
        let fresh = bytes.get(self.seen..).unwrap_or_default();
        for end in memchr::memchr_iter(b'\n', fresh) {
            let end = self.seen + end;
            let before = bytes.get(..end).unwrap_or_default();
            if !before.ends_with(b"\r") {
                return Err(Refusal::Malformed("a line that ends without CR"));
            }
            if self.line.is_none() {
                self.line = Some(end + 1);
            }
            if before.ends_with(b"\r\n\r") {
                self.check_length(end + 1, limits)?;
                let head = bytes.get(..=end).unwrap_or_default();
                return inspect(head, limits).map(|framing| Some((head.len(), framing)));
            }
        }
        self.seen = bytes.len();
        self.check_length(self.seen, limits)?;
        Ok(None)
    }

    fn check_length(&self, length: usize, limits: &Limits) -> Result<(), Refusal> {
        match self.line {
            None if length > limits.url_bytes + LONGEST_METHOD_AND_VERSION => Err(Refusal::TargetTooLong),
            Some(line) if length - line > limits.header_bytes => Err(Refusal::HeadersTooLarge),
            None | Some(_) => Ok(()),
        }
    }
}

/// A head that came in one piece and has nothing wrong, the way of nearly every request, is parsed without looking for its end before.
/// Whatever else it is, [`Arriving`] says.
fn at_once(bytes: &[u8], limits: &Limits) -> Option<(usize, Framing)> {
    let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut request = Request::new(&mut []);
    let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(bytes, &mut headers) else { return None };
    let head = bytes.get(..length)?;
    let line = memchr::memchr(b'\n', head)? + 1;
    let arriving = Arriving { seen: length, line: Some(line) };
    if has_bare_line_feed(head) {
        return None;
    }
    arriving.check_length(length, limits).and_then(|()| checked(&request, limits)).ok().map(|framing| (length, framing))
}

/// Whether a line ends without CR.
fn has_bare_line_feed(head: &[u8]) -> bool {
    // Every byte is looked at, whatever those before it were: many at a time.
    let pairs = head.iter().zip(head.get(1..).unwrap_or_default());
    pairs.fold(false, |so_far, (before, byte)| so_far | ((*byte == b'\n') & (*before != b'\r')))
}

/// Parses as hyper will, so that hyper refuses nothing by itself, and applies what hyper doesn't.
fn inspect(head: &[u8], limits: &Limits) -> Result<Framing, Refusal> {
    let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut headers) {
        Ok(Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(Refusal::Malformed("the head ends early")),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadersTooLarge),
        Err(httparse::Error::Version) if names_a_version(head) => return Err(Refusal::Version),
        Err(_) => return Err(Refusal::Malformed("the head can't be parsed")),
    }
    checked(&request, limits)
}

/// What hyper doesn't look at.
fn checked(request: &Request<'_, '_>, limits: &Limits) -> Result<Framing, Refusal> {
    let target = request.path.unwrap_or_default();
    if target.len() > limits.url_bytes {
        return Err(Refusal::TargetTooLong);
    }
    if !is_plain_path(target) {
        let uri = Uri::try_from(target).map_err(|_| Refusal::Malformed("invalid target"))?;
        if uri.scheme().is_none() && !target.starts_with('/') && target != "*" && request.method != Some("CONNECT") {
            return Err(Refusal::Malformed("the target is neither a path nor absolute"));
        }
    }
    framing(request.headers, request.version == Some(0))
}

/// A path, perhaps with a query, of nothing but the characters that most targets are made of: valid without a closer look.
fn is_plain_path(target: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b'%' | b'?' | b'=' | b'&');
    target.starts_with('/') && target.bytes().fold(true, |so_far, byte| so_far & is_plain(byte))
}

/// Three words, the last of which is a version of HTTP.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ').skip(2);
    matches!((words.next(), words.next()), (Some(version), None) if version.starts_with(b"HTTP/"))
}

const LONGEST_METHOD_AND_VERSION: usize = 64;
