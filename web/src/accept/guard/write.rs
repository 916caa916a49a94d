use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Guard;

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.state.set_writing(true);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.state.set_writing(true);
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if slices.len() < 2 || length > SHORT {
            return Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        }
        // A short answer goes in one piece: that costs less than to tell the system of several.
        let mut space = [const { MaybeUninit::uninit() }; SHORT];
        let mut whole = ReadBuf::uninit(&mut space);
        for slice in slices {
            whole.put_slice(slice);
        }
        Pin::new(&mut self.stream).poll_write(context, whole.filled())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // hyper flushes when it has handed on everything.
        self.state.set_writing(false);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        ready!(Pin::new(&mut own.stream).poll_shutdown(context))?;
        if own.is_mid_request() && !own.state.is_upgraded() {
            ready!(own.linger.poll(&mut own.stream, context));
        }
        Poll::Ready(Ok(()))
    }
}

const SHORT: usize = 4 * 1024;
