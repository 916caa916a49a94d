//! Reads HTTP/1.1 more strictly than hyper does, in front of it.
//!
//! hyper answers what it can't parse by itself, without our headers, and lets through what
//! [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112) forbids: `Content-Length` beside `Transfer-Encoding`, bare line feeds. So the guard
//! follows the connection's framing and hands hyper one whole, unambiguous head at a time. A head that isn't gets exchanged for a harmless
//! one; the connection's service sees the mark and answers with the refusal, in order and with every header; nothing after it is read.
//!
//! Let through: request line and header lines ended by CRLF, within the limits; at most one `Content-Length` of digits, or one
//! `Transfer-Encoding: chunked` in HTTP/1.1; chunks with CRLF line ends. Refused: everything else.

mod chunks;
mod framing;
mod head;
mod linger;
mod stream;
mod write;
pub(super) use stream::Guard;

#[cfg(test)]
mod tests;
