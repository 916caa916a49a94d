use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::connections::Permit;

/// A counted TCP connection that gives up on a client that takes no bytes.
///
/// The permit lives here, so that a connection counts until its socket closes, upgraded ones included.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    write_stall: Duration,
    stalled: bool,
    deadline: Option<Pin<Box<Sleep>>>,
    _permit: Permit,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, permit: Permit, write_stall: Duration) -> Self {
        Self { tcp, write_stall, stalled: false, deadline: None, _permit: permit }
    }

    /// Passes the outcome of a write on, or an error when the client has taken nothing for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = false;
            return written;
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.write_stall)));
        if !self.stalled {
            self.stalled = true;
            deadline.as_mut().reset(Instant::now() + self.write_stall);
        }
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = match slices {
            // The shorter way through the system.
            [only] => Pin::new(&mut self.tcp).poll_write(context, only),
            _ => Pin::new(&mut self.tcp).poll_write_vectored(context, slices),
        };
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
