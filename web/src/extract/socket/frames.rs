//! Counts what a client sends on a WebSocket, frame by frame, before it is put together.
//!
//! Let through: messages within their size, in as many fragments as it is worth, within the budget of all buffered bytes. Refused:
//! everything else, as an error of the stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::accept::Held;

/// A stream of frames that are counted as they are read.
pub(super) struct Frames<I> {
    stream: I,
    count: Count,
    held: Held,
}

/// Why no more is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Excess {
    /// The message is too large.
    #[error("the message is too large")]
    Bytes,
    /// The message has more fragments than its size is worth.
    #[error("the message has too many fragments")]
    Fragments,
    /// Too many bytes are buffered for all clients together, or for this address.
    #[error("too many bytes are buffered")]
    Budget,
}

/// Where in the frames the stream is.
#[derive(Debug)]
struct Count {
    most_bytes: u64,
    header: [u8; LONGEST_HEADER],
    have: usize,
    /// What is to come of the present frame's content.
    left: u64,
    /// Of the present message.
    fragments: u64,
    bytes: u64,
    /// The bytes of whole messages since the last call of [`Frames::delivered`].
    whole: u64,
}

impl<I> Frames<I> {
    pub(super) fn new(stream: I, most_bytes: usize, held: Held) -> Self {
        Self { stream, count: Count::new(most_bytes as u64), held }
    }

    /// A message was handed on, or refused: from now on only the next one counts.
    pub(super) fn delivered(&mut self) {
        self.count.whole = 0;
        self.held.shrink(self.held.bytes().saturating_sub(usize::try_from(self.count.bytes).unwrap_or(usize::MAX)));
    }
}

impl<I: AsyncRead + Unpin> Frames<I> {
    /// Reads what still comes, for a moment, and keeps nothing of it.
    pub(super) async fn drain(&mut self, time: Duration) {
        let mut waste = [0; 1024];
        let reading = async { while matches!(self.stream.read(&mut waste).await, Ok(1..)) {} };
        drop(timeout(time, reading).await);
    }
}

impl Count {
    const fn new(most_bytes: u64) -> Self {
        Self { most_bytes, header: [0; LONGEST_HEADER], have: 0, left: 0, fragments: 0, bytes: 0, whole: 0 }
    }

    /// Reads on; what is buffered from now on at most.
    fn read(&mut self, mut bytes: &[u8]) -> Result<u64, Excess> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let Some((first, rest)) = bytes.split_first() else { break };
            bytes = rest;
            if let Some(place) = self.header.get_mut(self.have) {
                *place = *first;
            }
            self.have += 1;
            if let Some(length) = self.length() {
                self.have = 0;
                self.left = length;
                self.frame(length)?;
            }
        }
        Ok(self.bytes + self.whole)
    }

    /// The length of the frame whose header is whole.
    fn length(&self) -> Option<u64> {
        let [_, second, rest @ ..] = &self.header;
        let (extended, mask) = (second & 0x7f, usize::from(second >> 7) * 4);
        let (size, length) = match extended {
            126 => (4, rest.iter().take(2).fold(0, |length, byte| (length << 8) | u64::from(*byte))),
            127 => (10, rest.iter().take(8).fold(0, |length, byte| (length << 8) | u64::from(*byte))),
            short => (2, u64::from(short)),
        };
        (self.have >= 2 && self.have == size + mask).then_some(length)
    }

    /// Counts a frame of the present message; a control frame belongs to none.
    fn frame(&mut self, length: u64) -> Result<(), Excess> {
        let [first, ..] = self.header;
        if first & 0x08 != 0 {
            return Ok(());
        }
        self.fragments += 1;
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.most_bytes {
            return Err(Excess::Bytes);
        }
        if self.fragments > FREE_FRAGMENTS + self.bytes / BYTES_A_FRAGMENT {
            return Err(Excess::Fragments);
        }
        if first & 0x80 != 0 {
            self.whole = self.whole.saturating_add(self.bytes);
            (self.fragments, self.bytes) = (0, 0);
        }
        Ok(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Frames<I> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, out))?;
        let own = &mut *self;
        let counted = own.count.read(out.filled().get(before..).unwrap_or_default()).and_then(|buffered| {
            let more = usize::try_from(buffered).unwrap_or(usize::MAX).saturating_sub(own.held.bytes());
            own.held.grow(more).map_err(|_| Excess::Budget)
        });
        Poll::Ready(counted.map_err(io::Error::other))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Frames<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

const LONGEST_HEADER: usize = 14;
/// So many fragments may any message have, and one more for each of so many bytes.
const FREE_FRAGMENTS: u64 = 128;
const BYTES_A_FRAGMENT: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: u16) -> Vec<u8> {
        let mut bytes = vec![first];
        match length {
            0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            _ => bytes.extend([0x80 | 126, (length >> 8) as u8, (length & 0xff) as u8]),
        }
        bytes.extend([0; 4]);
        bytes.extend(vec![0; usize::from(length)]);
        bytes
    }

    #[test]
    fn a_message_may_be_as_large_as_the_limit_however_it_is_cut() {
        for step in [1, 3, 1000, usize::MAX] {
            let mut count = Count::new(1000);
            let bytes = [frame(0x02, 400), frame(0x89, 125), frame(0x00, 0), frame(0x80, 600), frame(0x82, 1000)].concat();
            for piece in bytes.chunks(step.min(bytes.len())) {
                count.read(piece).unwrap();
            }
            assert_eq!((count.whole, count.bytes, count.left), (2000, 0, 0), "{step}");
            assert_eq!(count.read(&frame(0x02, 400)), Ok(2400));
            assert_eq!(count.read(&frame(0x80, 601)), Err(Excess::Bytes));
        }
        let mut count = Count::new(1000);
        assert_eq!(count.read(&[0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), Err(Excess::Bytes));
    }

    #[test]
    fn fragments_have_to_be_worth_their_number() {
        let mut count = Count::new(1 << 20);
        count.read(&frame(0x02, 1)).unwrap();
        for _ in 1..FREE_FRAGMENTS {
            count.read(&frame(0x00, 1)).unwrap();
            // Control frames between them count for nothing.
            count.read(&frame(0x89, 0)).unwrap();
        }
        assert_eq!(count.read(&frame(0x00, 1)), Err(Excess::Fragments));
        let mut count = Count::new(1 << 20);
        for number in 0..4096 {
            count.read(&frame(if number == 0 { 0x02 } else { 0x00 }, 256)).unwrap();
        }
    }
}
