use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connections::Permit;
use super::pace::{Pace, Patience};

/// A counted TCP connection that gives up on a client that takes bytes too slowly.
///
/// The permit lives here, so that a connection counts until its socket closes, upgraded ones included.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    patience: Patience,
    alarm: Option<Pin<Box<Sleep>>>,
    _permit: Permit,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, permit: Permit, pace: Pace) -> Self {
        bound_unsent(&tcp, pace);
        Self { tcp, patience: Patience::new(pace), alarm: None, _permit: permit }
    }

    /// Passes the outcome of a write on, or an error when the client has taken too little for too long.
    fn watch(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let is_waiting = self.patience.is_waiting();
        if let Poll::Ready(Ok(bytes)) = written {
            if is_waiting {
                self.patience.took_all(bytes, Instant::now());
            } else {
                self.patience.add(bytes);
            }
        }
        if written.is_ready() {
            return written;
        }
        if !is_waiting {
            self.patience.start(Instant::now());
        }
        let Some(deadline) = self.patience.deadline() else { return Poll::Pending };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Bounds the bytes that the system keeps unsent, to what a client has to take in one window: the socket then shows how fast the client
/// takes them. By default the system keeps megabytes, and says that there is room again when a third of them is gone.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(tcp: &TcpStream, pace: Pace) {
    let most = pace.bytes_in_window().clamp(LEAST_UNSENT, MOST_UNSENT);
    // Without it the rate is measured less exactly.
    let _ = socket2::SockRef::from(tcp).set_tcp_notsent_lowat(u32::try_from(most).unwrap_or(u32::MAX));
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &TcpStream, _: Pace) {}

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

const LEAST_UNSENT: usize = 16 * 1024;
const MOST_UNSENT: usize = 128 * 1024;
