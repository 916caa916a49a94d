//! Kept-alive connections that cost the client next to nothing, so that the servers have the machine.

mod http1;
mod http2;
mod tls;

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

pub(crate) use http1::Http1;
use http2::Http2;
pub(crate) use tls::Trust;
use tls::connect_tls;

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Http1,
    Http1Tls,
    Http2Tls,
}

impl Transport {
    pub(crate) const ALL: [Self; 3] = [Self::Http1, Self::Http1Tls, Self::Http2Tls];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http1Tls => "http1-tls",
            Self::Http2Tls => "http2-tls",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http1Tls => "HTTP/1.1 over TLS 1.3",
            Self::Http2Tls => "HTTP/2 over TLS 1.3",
        }
    }

    pub(crate) const fn is_tls(self) -> bool {
        !matches!(self, Self::Http1)
    }
}

/// Where a server is and how to speak with it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) trust: Trust,
}

/// A request, ready to be sent many times.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    text: Bytes,
    parts: http::Request<()>,
    body: Bytes,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str, token: Option<&str>, content: Option<(&str, &str)>) -> io::Result<Self> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        let mut parts = http::Request::builder().method(method).uri(format!("https://localhost{path}"));
        let mut header = |name: &str, value: &str| {
            text.push_str(&format!("{name}: {value}\r\n"));
            parts = std::mem::take(&mut parts).header(name, value);
        };
        if let Some(token) = token {
            header("authorization", &format!("Bearer {token}"));
        }
        let body = content.map_or("", |(kind, body)| {
            header("content-type", kind);
            header("content-length", &body.len().to_string());
            body
        });
        text.push_str("\r\n");
        text.push_str(body);
        Ok(Self { text: text.into(), parts: parts.body(()).map_err(io::Error::other)?, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    /// The same without its body, of which only the length is told; over HTTP/1.1.
    pub(crate) fn announcing(self, length: usize) -> Self {
        let text = String::from_utf8_lossy(&self.text).replace("content-length: 0", &format!("content-length: {length}"));
        Self { text: text.into(), ..self }
    }
}

/// One connection.
pub(crate) enum Connection {
    One(Box<Http1>),
    Two(Box<Http2>),
}

impl Connection {
    pub(crate) fn open(target: &Target) -> io::Result<Self> {
        Ok(match target.transport {
            Transport::Http1 => Self::One(Box::new(Http1::plain(target.address)?)),
            Transport::Http1Tls => Self::One(Box::new(Http1::over(Box::new(connect_tls(target.address, &target.trust)?)))),
            Transport::Http2Tls => Self::Two(Box::new(Http2::open(target)?)),
        })
    }

    /// Sends a request; the status and the body of the answer.
    pub(crate) fn exchange(&mut self, request: &Request) -> io::Result<(u16, &[u8])> {
        match self {
            Self::One(connection) => connection.exchange(&request.text),
            Self::Two(connection) => connection.exchange(&request.parts, &request.body),
        }
    }
}
