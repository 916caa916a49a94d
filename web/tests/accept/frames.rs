//! HTTP/2 frame by frame, for clients that keep to no rule ([RFC 9113](https://www.rfc-editor.org/rfc/rfc9113)).

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::client::{PATIENCE, connect};
use crate::service::Running;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// A connection, after the preface and an empty SETTINGS.
pub(crate) struct Frames {
    reader: Option<ReadHalf<TlsStream<TcpStream>>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
}

/// One frame of the server.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The error code of a reset or a goodbye.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes([self.payload[at], self.payload[at + 1], self.payload[at + 2], self.payload[at + 3]])
    }
}

impl Frames {
    pub(crate) async fn open(running: &Running) -> Self {
        let stream = connect(running.data.path(), running.address, &["h2"]).await;
        let (reader, writer) = tokio::io::split(stream);
        let mut frames = Self { reader: Some(reader), writer };
        frames.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        frames.send(SETTINGS, 0, 0, &[]).await;
        frames
    }

    /// The bytes of a frame.
    #[expect(clippy::unused_self, reason = "it reads like a sentence")]
    pub(crate) fn frame(&self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let frame = self.frame(kind, flags, stream, payload);
        self.write(&frame).await.unwrap();
    }

    /// Writes bytes; an error when the server has closed or takes none.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let writing = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        timeout(PATIENCE, writing).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// The next frame; none when the connection ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let reader = self.reader.as_mut()?;
        let mut head = [0; 9];
        timeout(PATIENCE, reader.read_exact(&mut head)).await.expect("the server says something").ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        timeout(PATIENCE, reader.read_exact(&mut payload)).await.expect("a whole frame").ok()?;
        Some(Frame { kind: head[3], flags: head[4], stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload })
    }

    /// The next frame that is wanted; none when the connection ends before.
    pub(crate) async fn next_matching(&mut self, is_wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        while let Some(frame) = self.next().await {
            if is_wanted(&frame) {
                return Some(frame);
            }
        }
        None
    }

    pub(crate) async fn next_of(&mut self, kind: u8) -> Frame {
        self.next_matching(|frame| frame.kind == kind).await.expect("a frame of this kind")
    }

    /// The code of the last GOAWAY before the connection ended.
    pub(crate) async fn goodbye(&mut self) -> u32 {
        let mut code = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                code = Some(frame.code());
            }
        }
        code.expect("the server says why it ends")
    }

    /// Reads on in the background and forgets it.
    pub(crate) fn read_on(&mut self) -> JoinHandle<()> {
        let mut reader = self.reader.take();
        tokio::spawn(async move {
            let mut space = vec![0; 16 * 1024];
            while let Some(reader) = &mut reader
                && reader.read(&mut space).await.is_ok_and(|length| length > 0)
            {}
        })
    }
}

/// A header, as a literal that isn't indexed ([RFC 7541 section 6.2.2](https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2)).
pub(crate) fn header(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// A pseudo-header.
pub(crate) fn pseudo(name: &str, value: &str) -> Vec<u8> {
    header(name, value)
}

/// The head of a GET.
pub(crate) fn get(path: &str) -> Vec<u8> {
    [pseudo(":method", "GET"), pseudo(":scheme", "https"), pseudo(":path", path), pseudo(":authority", "localhost")].concat()
}

/// A text with its length; short ones only.
fn text(text: &str) -> Vec<u8> {
    assert!(text.len() < 127);
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}
