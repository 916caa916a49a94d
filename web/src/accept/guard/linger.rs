use std::future::Future as _;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Reads on for a moment behind the last answer, and forgets it ([RFC 9112 section 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)).
///
/// A socket that is closed with unread bytes resets the connection, and the client loses the answer that says why.
#[derive(Debug, Default)]
pub(super) struct Linger {
    deadline: Option<Pin<Box<Sleep>>>,
    read: usize,
}

impl Linger {
    pub(super) fn poll<I: AsyncRead + Unpin>(&mut self, stream: &mut I, context: &mut Context<'_>) -> Poll<()> {
        if self.deadline.get_or_insert_with(|| Box::pin(sleep(LONGEST))).as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let mut space = [MaybeUninit::uninit(); READ_SIZE];
            let mut read = ReadBuf::uninit(&mut space);
            let outcome = ready!(Pin::new(&mut *stream).poll_read(context, &mut read));
            self.read += read.filled().len();
            if outcome.is_err() || read.filled().is_empty() || self.read > MOST {
                return Poll::Ready(());
            }
        }
    }
}

const LONGEST: Duration = Duration::from_secs(2);
const MOST: usize = 16 * 1024 * 1024;
const READ_SIZE: usize = 8 * 1024;
