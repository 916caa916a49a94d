//! The parts of a multipart body ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), of which there is one reading only.
//!
//! Let through: parts whose head has one `Content-Disposition: form-data` line. Refused: what two readers could understand differently (a
//! second such line or parameter, a folded line, a delimiter with something behind it), and a head, a preamble or an epilogue that is long.
//! The body is read into one buffer, which is searched once, while it grows.

use std::ops::Range;

use memchr::memmem;

use super::part_head::{Malformed, field_name};

/// The parts of a body that is still being read.
pub(super) struct Parts {
    /// `CR LF -- boundary`.
    delimiter: memmem::Finder<'static>,
    /// Behind the last delimiter, once the first was found.
    at: Option<usize>,
    /// The part whose content is being read: its name and where its content begins.
    open: Option<(Option<String>, usize)>,
    /// Up to here no delimiter begins.
    searched: usize,
}

/// How far the parts are read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'name> {
    /// A part is whole: the name of its field, if it has one, and where its content is in the body.
    Part(Option<String>, Range<usize>),
    /// More has to come; of an open part, its name and how many bytes of its content are there for certain.
    More(Option<(Option<&'name str>, usize)>),
    /// The last delimiter was found.
    End,
}

/// The boundary in a `Content-Type`; `None` unless there is exactly one, of 1 to 70 permitted characters
/// ([RFC 2046 section 5.1.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1)).
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let mut found = None;
    for parameter in content_type.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.trim().eq_ignore_ascii_case("boundary") && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    let value = found?;
    let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    let is_permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    ((1..=70).contains(&value.len()) && value.bytes().all(is_permitted) && !value.ends_with(' ')).then_some(value)
}

impl Parts {
    /// Nothing read yet.
    pub(super) fn new(boundary: &str) -> Self {
        let delimiter = memmem::Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        Self { delimiter, at: None, open: None, searched: 0 }
    }

    /// The next part of a body of which so much has come; no byte is searched twice.
    pub(super) fn next(&mut self, body: &[u8]) -> Result<Next<'_>, Malformed> {
        if self.at.is_none() {
            self.at = self.first_delimiter(body)?;
        }
        let Some(at) = self.at else { return Ok(Next::More(None)) };
        if self.open.is_none() {
            let rest = body.get(at..).unwrap_or_default();
            if let Some(epilogue) = rest.strip_prefix(b"--") {
                return if is_epilogue(epilogue) { Ok(Next::End) } else { Err(Malformed) };
            }
            let Some((name, length)) = head(rest)? else { return Ok(Next::More(None)) };
            self.open = Some((name, at + length));
            self.searched = at + length;
        }
        match self.delimiter.find(body.get(self.searched..).unwrap_or_default()) {
            Some(found) => {
                let end = self.searched + found;
                self.at = Some(end + self.delimiter.needle().len());
                let (name, begin) = self.open.take().ok_or(Malformed)?;
                Ok(Next::Part(name, begin..end))
            }
            None => {
                self.searched = self.searched.max((body.len() + 1).saturating_sub(self.delimiter.needle().len()));
                let (searched, open) = (self.searched, self.open.as_ref());
                Ok(Next::More(open.map(|(name, begin)| (name.as_deref(), searched - begin))))
            }
        }
    }

    /// Where the first delimiter ends.
    fn first_delimiter(&self, body: &[u8]) -> Result<Option<usize>, Malformed> {
        let first = self.delimiter.needle().get(2..).unwrap_or_default();
        let most = LONGEST_MARGIN + first.len();
        let preamble = body.get(..body.len().min(most)).unwrap_or_default();
        let Some(begin) = memmem::find(preamble, first) else {
            return if body.len() < most { Ok(None) } else { Err(Malformed) };
        };
        // Within a line it would be a delimiter for a careless reader.
        let is_line = begin == 0 || preamble.get(..begin).is_some_and(|before| before.ends_with(b"\r\n"));
        if is_line { Ok(Some(begin + first.len())) } else { Err(Malformed) }
    }
}

/// What stands behind the last delimiter, as far as it has come.
fn is_epilogue(epilogue: &[u8]) -> bool {
    let behind = without_padding(epilogue);
    (behind.len() < 2 && b"\r\n".starts_with(behind) || behind.starts_with(b"\r\n")) && epilogue.len() <= LONGEST_MARGIN
}

/// The name in the head behind a delimiter, and the length of both ends of line and the head between them; nothing until it is whole.
fn head(rest: &[u8]) -> Result<Option<(Option<String>, usize)>, Malformed> {
    let behind = without_padding(rest);
    if behind.len() < 2 {
        let is_possible = b"\r\n".starts_with(behind) || behind == b"-";
        return if is_possible { Ok(None) } else { Err(Malformed) };
    }
    if !behind.starts_with(b"\r\n") {
        return Err(Malformed);
    }
    let longest = behind.get(..behind.len().min(LONGEST_HEAD)).unwrap_or_default();
    let Some(end) = memmem::find(longest, b"\r\n\r\n") else {
        return if behind.len() < LONGEST_HEAD { Ok(None) } else { Err(Malformed) };
    };
    let name = field_name(behind.get(2..end).unwrap_or_default())?;
    Ok(Some((name, rest.len() - behind.len() + end + 4)))
}

/// A delimiter may have a few spaces behind it.
fn without_padding(text: &[u8]) -> &[u8] {
    let padding = text.iter().take(LONGEST_PADDING).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(padding..).unwrap_or_default()
}

/// A file name of 255 characters that aren't ASCII, and a media type.
const LONGEST_HEAD: usize = 4 * 1024;
/// What may stand before the first delimiter and behind the last.
const LONGEST_MARGIN: usize = 256;
/// Spaces behind a delimiter.
const LONGEST_PADDING: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// At once and byte by byte, which must agree.
    fn parts(body: &[u8]) -> Result<Vec<(Option<String>, String)>, Malformed> {
        let at_once = read(std::iter::once(body));
        assert_eq!(read((1..=body.len()).map(|length| &body[..length])), at_once, "{}", String::from_utf8_lossy(body));
        at_once
    }

    fn read<'body>(so_far: impl Iterator<Item = &'body [u8]>) -> Result<Vec<(Option<String>, String)>, Malformed> {
        let (mut parts, mut found, mut is_ended) = (Parts::new("X"), Vec::new(), false);
        for body in so_far {
            loop {
                match parts.next(body)? {
                    Next::Part(name, content) => found.push((name, String::from_utf8(body[content].to_vec()).unwrap())),
                    Next::More(_) => break,
                    Next::End => {
                        is_ended = true;
                        break;
                    }
                }
            }
        }
        if is_ended { Ok(found) } else { Err(Malformed) }
    }

    fn one(head: &str) -> Result<Option<String>, Malformed> {
        let read = parts(format!("--X\r\n{head}\r\n\r\nv\r\n--X--").as_bytes());
        read.map(|mut parts| parts.remove(0).0)
    }

    #[test]
    fn parts_are_read_as_they_came() {
        let body =
            b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--\r\n\r\n--X \t\r\ncontent-disposition:form-data;name=b; \
            filename=\"x;\\\"y\"\r\nContent-Type: text/plain\r\n\r\n\r\n--X--\r\n";
        let expected = vec![(Some("a".to_owned()), "1\r\n--\r\n".to_owned()), (Some("b".to_owned()), String::new())];
        assert_eq!(parts(body), Ok(expected));
        assert_eq!(parts(b"preamble\r\n--X--\r\nepilogue"), Ok(Vec::new()));
        assert_eq!(one("content-disposition: form-data; filename=x"), Ok(None));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for head in [
            "content-disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
            "content-disposition: form-data; name=a; name=b",
            "content-disposition: form-data; name=a; NAME=b",
            "content-disposition: form-data; name=a; name*=utf-8''b",
            "content-disposition: form-data; filename=a; filename=b; name=c",
            "content-disposition: form-data; name=\"a\r\n b\"",
            "content-disposition: form-data; name=\"a",
            "content-disposition: form-data; name=",
            "content-disposition: form-data; name=a b",
            "content-disposition: form-data; name=\"a\\b\"",
            "content-disposition: attachment; name=a",
            "content-disposition : form-data; name=a",
            "content-type: text/plain",
            "no line",
            "",
        ] {
            assert_eq!(one(head), Err(Malformed), "{head}");
        }
        let part = "--X\r\ncontent-disposition: form-data; name=a\r\n\r\nv";
        for body in [
            String::new(),
            "x".to_owned(),
            part.to_owned(),
            format!("{part}\r\n--X"),
            format!("{part}\r\n--XY\r\n"),
            format!("{part}\r\n--X\n\r\n"),
            format!("x{part}\r\n--X--"),
            format!("{part}\r\n--X--x"),
        ] {
            assert_eq!(parts(body.as_bytes()), Err(Malformed), "{body}");
        }
    }

    #[test]
    fn heads_preambles_and_epilogues_are_bounded() {
        let line = "content-disposition: form-data; name=a";
        assert!(one(&format!("{line}; filename={}", "x".repeat(3000))).is_ok());
        assert_eq!(one(&format!("{line}; filename={}", "x".repeat(5000))), Err(Malformed));
        assert_eq!(one(&format!("{line}{}", "\r\nx: y".repeat(16))), Err(Malformed));
        let long = "x".repeat(LONGEST_MARGIN + 1);
        assert_eq!(parts(format!("{long}\r\n--X--").as_bytes()), Err(Malformed));
        assert_eq!(parts(format!("--X--\r\n{long}").as_bytes()), Err(Malformed));
        assert_eq!(parts(format!("--X{}\r\n\r\n\r\n--X--", " ".repeat(100)).as_bytes()), Err(Malformed));
    }

    #[test]
    fn an_open_part_is_known_before_it_is_whole() {
        let mut parts = Parts::new("X");
        let body = b"--X\r\ncontent-disposition: form-data; name=a\r\n\r\n0123456789";
        assert_eq!(parts.next(&body[..30]), Ok(Next::More(None)));
        assert_eq!(parts.next(body), Ok(Next::More(Some((Some("a"), 6)))), "the last four bytes may begin a delimiter");
    }

    #[test]
    fn there_is_one_boundary_of_permitted_characters() {
        assert_eq!(boundary("multipart/form-data; boundary=XX"), Some("XX"));
        assert_eq!(boundary("multipart/form-data; charset=utf-8; Boundary=\"a b\""), Some("a b"));
        for bad in [
            "",
            "; boundary=",
            "; boundary=\"\"",
            "; boundary=a; boundary=a",
            "; boundary=a;BOUNDARY=b",
            "; boundary=\"a",
            "; boundary=a\\b",
            "; boundary=\"a \"",
        ] {
            assert_eq!(boundary(&format!("multipart/form-data{bad}")), None, "{bad}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
