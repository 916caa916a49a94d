use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::stream::Guard;
use crate::app::Ending;

/// What was taken over from hyper, with the lines of which hyper doesn't know, and isn't sent yet.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    fn left(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    fn poll_send<I: AsyncWrite + Unpin>(&mut self, stream: &mut I, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.left().is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, self.left()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
        }
        self.sent = 0;
        self.bytes.clear();
        if self.bytes.capacity() > MOST_KEPT {
            self.bytes = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Takes whole bytes from there on, behind what is left of others; a buffer that is no longer needed.
    fn replace(&mut self, mut bytes: Vec<u8>, begin: usize) -> Vec<u8> {
        if self.left().is_empty() {
            self.sent = begin;
            std::mem::swap(&mut self.bytes, &mut bytes);
        } else {
            self.bytes.extend_from_slice(bytes.get(begin..).unwrap_or_default());
        }
        bytes
    }

    pub(super) fn relax(&mut self) {
        if self.left().is_empty() {
            *self = Self::default();
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Guard<I> {
    /// Takes over from hyper's bytes a head that gets lines of ours, interim answers, or all of it if that is short and in several pieces:
    /// one piece costs less than to tell the system of several. How many bytes of hyper's these are.
    fn take_over(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        if self.state.is_upgraded() && !self.state.lines.are_due() {
            return Ok(0);
        }
        let first = slices.first().map_or(&[][..], |slice| slice);
        let mut head = first;
        // Whole, so that what comes behind it begins with the first byte of a head.
        if let Some(rest) = head.strip_prefix(CONTINUE) {
            self.outgoing.bytes.extend_from_slice(CONTINUE);
            head = rest;
        }
        if head.is_empty() {
            return Ok(first.len());
        }
        let due = self.state.lines.take();
        let is_due = due.is_some();
        if let Some(lines) = due {
            // Another byte than a head's first would mean that an answer goes out without its lines: rather none at all.
            let end = memchr::memchr(b'\n', head).filter(|_| head.starts_with(VERSION));
            let (status, rest) = end.and_then(|end| head.split_at_checked(end + 1)).ok_or_else(misplaced)?;
            let (bytes, begin) = lines.complete(status, rest);
            let emptied = self.outgoing.replace(bytes, begin);
            self.state.lines.give_back(emptied);
        }
        let bytes = &mut self.outgoing.bytes;
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        let is_short = slices.len() > 1 && length <= SHORT;
        if !is_due && !is_short {
            return Ok(first.len() - head.len());
        }
        if !is_due {
            bytes.extend_from_slice(head);
        }
        if !is_short {
            return Ok(first.len());
        }
        for slice in slices.iter().skip(1) {
            bytes.extend_from_slice(slice);
        }
        Ok(length)
    }

    /// Sends what was taken over together with what follows it; how many bytes of that went.
    fn send_with(&mut self, rest: &[io::IoSlice<'_>], context: &mut Context<'_>) -> io::Result<usize> {
        let own = self.outgoing.left();
        let length = own.len();
        let slices: Vec<_> = std::iter::once(io::IoSlice::new(own)).chain(rest.iter().map(|slice| io::IoSlice::new(slice))).collect();
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write_vectored(context, &slices) else { return Ok(0) };
        let written = written?;
        drop(slices);
        self.outgoing.sent += written.min(length);
        Ok(written.saturating_sub(length))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let own = self.get_mut();
        if own.state.cut().is_some_and(Ending::has_come) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        own.state.set_writing(true);
        ready!(own.outgoing.poll_send(&mut own.stream, context))?;
        let taken = own.take_over(slices)?;
        if taken == 0 {
            return Pin::new(&mut own.stream).poll_write_vectored(context, slices);
        }
        // What was taken over is ours to send: hyper hears that it is written, and asks by its flush whether that is true.
        let rest = slices.get(1..).filter(|_| slices.first().is_some_and(|first| first.len() == taken)).unwrap_or_default();
        let more = if rest.is_empty() { 0 } else { own.send_with(rest, context)? };
        if let Poll::Ready(sent) = own.outgoing.poll_send(&mut own.stream, context) {
            sent?;
        }
        Poll::Ready(Ok(taken + more))
    }

    fn is_write_vectored(&self) -> bool {
        // Whatever the stream below makes of it: hyper keeps its heads apart from what came before only so.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        ready!(own.outgoing.poll_send(&mut own.stream, context))?;
        ready!(Pin::new(&mut own.stream).poll_flush(context))?;
        // hyper flushes when it has handed on everything.
        own.state.set_writing(false);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        ready!(own.outgoing.poll_send(&mut own.stream, context))?;
        ready!(Pin::new(&mut own.stream).poll_shutdown(context))?;
        if own.is_mid_request() && !own.state.is_upgraded() {
            ready!(own.linger.poll(&mut own.stream, context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cold]
fn misplaced() -> io::Error {
    io::Error::other("an answer that doesn't begin with its head")
}

/// How every head of hyper's begins.
const VERSION: &[u8] = b"HTTP/1.";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// Up to here an answer goes in one piece.
const SHORT: usize = 4 * 1024;
const MOST_KEPT: usize = 4 * SHORT;
