use httparse::Header;

use crate::accept::refusal::Refusal;

/// How long the body behind a head is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// Reads the framing, in the one way that leaves no room for a second
/// ([RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)).
pub(super) fn framing(headers: &[Header<'_>], http_1_0: bool) -> Result<Framing, Refusal> {
    let mut hosts = 0;
    let mut length = None;
    let mut coding = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("host") {
            hosts += 1;
        }
        if header.name.eq_ignore_ascii_case("content-length") && length.replace(content_length(header.value)?).is_some() {
            return Err(Refusal::Malformed("several Content-Length lines"));
        }
        if header.name.eq_ignore_ascii_case("transfer-encoding") && coding.replace(header.value).is_some() {
            return Err(Refusal::Malformed("several Transfer-Encoding lines"));
        }
    }
    // RFC 9112 section 3.2. Which hosts are ours, the pipeline knows.
    if hosts > 1 || (hosts == 0 && !http_1_0) {
        return Err(Refusal::Malformed("no Host, or several"));
    }
    match (length, coding) {
        (Some(_), Some(_)) => Err(Refusal::Malformed("Content-Length beside Transfer-Encoding")),
        (None, Some(_)) if http_1_0 => Err(Refusal::Malformed("Transfer-Encoding in HTTP/1.0")),
        (None, Some(coding)) => chunked(coding),
        (length, None) => Ok(Framing::Length(length.unwrap_or(0))),
    }
}

fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    let digits = std::str::from_utf8(value).ok().filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).filter(|length| *length <= LONGEST).ok_or(Refusal::Malformed("invalid Content-Length"))
}

fn chunked(coding: &[u8]) -> Result<Framing, Refusal> {
    if coding.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::Chunked);
    }
    let mut names = coding.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let ends_in_chunked = names.next_back().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
    if ends_in_chunked && names.all(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"chunked")) {
        return Err(Refusal::Unsupported("a transfer coding other than chunked"));
    }
    Err(Refusal::Malformed("Transfer-Encoding doesn't end in one chunked"))
}

/// Lengths close to 2^64 mean something of their own to hyper.
const LONGEST: u64 = 1 << 62;
