use std::future::Future as _;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::chunks::Chunks;
use super::framing::Framing;
use super::head::Arriving;
use super::linger::Linger;
use super::write::Outgoing;
use crate::accept::limits::Limits;
use crate::accept::refusal::Refusal;
use crate::accept::state::State;

/// A stream whose reader gets one checked head, then its body, then the next head.
#[derive(Debug)]
pub(in crate::accept) struct Guard<I> {
    pub(super) stream: I,
    /// Read, but not handed on yet.
    buffer: BytesMut,
    phase: Phase,
    limits: Arc<Limits>,
    pub(super) state: Arc<State>,
    /// Runs while a head is awaited; between two requests the connection's keeper looks after it.
    deadline: Option<Pin<Box<Sleep>>>,
    awaited: bool,
    first: bool,
    pub(super) outgoing: Outgoing,
    pub(super) linger: Linger,
    /// Resolves when the upgraded connection has to end.
    cut: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Head(Arriving),
    /// A whole head stands at the start of the buffer; so much of it is left to hand on.
    Deliver(usize, Framing),
    Body(u64),
    Chunked(Chunks),
    /// The last head was a refused one: nothing is read any more.
    Refused,
}

impl Phase {
    /// So much of a body is still to come.
    fn after_body(left: u64) -> Self {
        if left == 0 { Self::Head(Arriving::default()) } else { Self::Body(left) }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Guard<I> {
    pub(in crate::accept) fn new(stream: I, limits: Arc<Limits>, state: Arc<State>) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            phase: Phase::Head(Arriving::default()),
            limits,
            state,
            deadline: None,
            awaited: false,
            first: true,
            outgoing: Outgoing::default(),
            linger: Linger::default(),
            cut: None,
        }
    }

    /// Reads what there is into the buffer; `false` at the end of the stream.
    fn fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [MaybeUninit::uninit(); READ_SIZE];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
        self.buffer.extend_from_slice(read.filled());
        Poll::Ready(Ok(!read.filled().is_empty()))
    }

    /// Waits until a head is whole, or refused, and stands ready to be read; `false` at the end of the stream.
    pub(in crate::accept) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match self.phase {
            Phase::Head(arriving) => self.read_head(arriving, context),
            Phase::Deliver(..) | Phase::Body(_) | Phase::Chunked(_) | Phase::Refused => Poll::Ready(Ok(true)),
        }
    }

    /// Reads on until a head is whole or refused; `false` at the end of the stream.
    fn read_head(&mut self, mut arriving: Arriving, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            // RFC 9112 section 2.2: some clients end a body with an extra line. One or several, cut up or not.
            while self.buffer.starts_with(b"\r\n") {
                self.buffer.advance(2);
                arriving = Arriving::default();
            }
            match arriving.progress(&self.buffer, &self.limits) {
                Ok(Some((length, framing))) => {
                    self.phase = Phase::Deliver(length, framing);
                    break;
                }
                Ok(None) => self.phase = Phase::Head(arriving),
                Err(refusal) => {
                    self.refuse(refusal);
                    break;
                }
            }
            let filled = self.fill(context);
            self.state.set_awaiting(self.buffer.is_empty() && filled.is_pending());
            match filled {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(other) => return Poll::Ready(other),
                Poll::Pending => return self.await_head(context),
            }
        }
        self.awaited = false;
        self.first = false;
        Poll::Ready(Ok(true))
    }

    /// Reads to where the bytes are wanted, and lets them stay there if they are one whole head and nothing but its body: the way of nearly
    /// every request. `false` when the buffer is to be looked at, which may hold what was read.
    fn read_straight(&mut self, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = out.filled().len();
        let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, out) else {
            self.state.set_awaiting(true);
            return self.await_head(context);
        };
        read?;
        self.state.set_awaiting(false);
        let fresh = out.filled().get(before..).unwrap_or_default();
        if fresh.is_empty() {
            // The end of the stream.
            return Poll::Ready(Ok(true));
        }
        if let Ok(Some((head, Framing::Length(length)))) = Arriving::default().progress(fresh, &self.limits)
            && let Some(left) = length.checked_sub((fresh.len() - head) as u64)
        {
            self.phase = Phase::after_body(left);
            (self.awaited, self.first) = (false, false);
            return Poll::Ready(Ok(true));
        }
        self.buffer.extend_from_slice(fresh);
        out.set_filled(before);
        Poll::Ready(Ok(false))
    }

    /// Waits for more of a head, bounded from its first byte on; the first head of a connection from its start on.
    fn await_head<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.first && self.buffer.is_empty() {
            return Poll::Pending;
        }
        let wait = self.limits.header_read;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(wait)));
        if !self.awaited {
            self.awaited = true;
            deadline.as_mut().reset(Instant::now() + wait);
        }
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Gives empty buffers back: nothing is expected soon.
    pub(in crate::accept) fn relax(&mut self) {
        self.outgoing.relax();
        self.state.lines.relax();
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// Exchanges the head for a harmless one and marks the connection, so that the service answers it with the refusal.
    #[cold]
    fn refuse(&mut self, refusal: Refusal) {
        self.state.refuse(refusal);
        self.buffer.clear();
        self.buffer.extend_from_slice(HARMLESS);
        self.phase = Phase::Deliver(HARMLESS.len(), Framing::Length(0));
    }

    /// Hands on at most so many bytes of the buffer.
    fn hand_on(&mut self, most: usize, out: &mut ReadBuf<'_>) -> usize {
        let length = most.min(self.buffer.len()).min(out.remaining());
        out.put_slice(self.buffer.get(..length).unwrap_or_default());
        // What is left of the buffer is used again, unless it had to grow.
        self.buffer.advance(length);
        if self.buffer.is_empty() && self.buffer.capacity() > 2 * READ_SIZE {
            self.buffer = BytesMut::new();
        }
        length
    }

    fn deliver(&mut self, left: usize, framing: Framing, out: &mut ReadBuf<'_>) {
        let left = left - self.hand_on(left, out);
        self.phase = match framing {
            _ if left > 0 => Phase::Deliver(left, framing),
            _ if self.state.refusal().is_some() => Phase::Refused,
            Framing::Length(length) => Phase::after_body(length),
            Framing::Chunked => Phase::Chunked(Chunks::START),
        };
    }

    /// A body of known length goes past the buffer.
    fn read_body(&mut self, left: u64, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let taken = if self.buffer.is_empty() {
            // hyper doubles a buffer that a read filled: what one connection reads ahead stays small.
            let most = most.min(out.remaining()).min(MOST_AT_ONCE);
            let mut part = ReadBuf::new(out.initialize_unfilled_to(most));
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            let taken = part.filled().len();
            out.advance(taken);
            taken
        } else {
            self.hand_on(most, out)
        };
        let left = left - taken as u64;
        self.phase = Phase::after_body(left);
        Poll::Ready(Ok(()))
    }

    fn read_chunks(&mut self, mut chunks: Chunks, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() && !ready!(self.fill(context))? {
            return Poll::Ready(Ok(()));
        }
        let most = self.buffer.len().min(out.remaining());
        let broken = |_| io::Error::new(io::ErrorKind::InvalidData, "broken chunked framing");
        let taken = chunks.advance(self.buffer.get(..most).unwrap_or_default()).map_err(broken)?;
        self.hand_on(taken, out);
        self.phase = if chunks == Chunks::Done { Phase::Head(Arriving::default()) } else { Phase::Chunked(chunks) };
        Poll::Ready(Ok(()))
    }

    /// Bytes of the other protocol, the first of which may be in the buffer already.
    fn read_raw(&mut self, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(ending) = self.state.cut()
            && self.cut.get_or_insert_with(|| Box::pin(ending.comes())).as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Ok(()));
        }
        if self.buffer.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, out);
        }
        self.hand_on(usize::MAX, out);
        Poll::Ready(Ok(()))
    }

    /// Whether the client may still be sending what nobody reads.
    pub(super) const fn is_mid_request(&self) -> bool {
        !matches!(self.phase, Phase::Head(_))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<I> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        if own.state.is_upgraded() {
            return own.read_raw(context, out);
        }
        if let Phase::Head(arriving) = own.phase {
            // After an upload there may be room for much more than heads.
            let is_straight = own.buffer.is_empty() && out.remaining() <= 2 * READ_SIZE;
            if is_straight && ready!(own.read_straight(context, out))? {
                return Poll::Ready(Ok(()));
            }
            if !ready!(own.read_head(arriving, context))? {
                return Poll::Ready(Ok(()));
            }
        }
        match own.phase {
            Phase::Deliver(left, framing) => {
                own.deliver(left, framing, out);
                Poll::Ready(Ok(()))
            }
            Phase::Body(left) => own.read_body(left, context, out),
            Phase::Chunked(chunks) => own.read_chunks(chunks, context, out),
            // The end of the stream would be taken for a client that left: the refusal has to be sent first.
            Phase::Head(_) | Phase::Refused => Poll::Pending,
        }
    }
}

const READ_SIZE: usize = 8 * 1024;
const MOST_AT_ONCE: usize = 4 * READ_SIZE;
const HARMLESS: &[u8] = b"GET / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\n\r\n";
