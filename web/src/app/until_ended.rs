use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::open_streams::Ending;

/// The content of an answer, until its caller may no longer have it.
pub(super) struct UntilEnded {
    body: Body,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Kept as long as the stream is open.
    ending: Ending,
    /// Whether each part is whole in itself, so that the end of the stream cuts nothing in two.
    has_whole_parts: bool,
}

impl UntilEnded {
    pub(super) fn new(body: Body, headers: &HeaderMap, ending: Ending) -> Self {
        let content = headers.get(header::CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
        Self { body, ended: Box::pin(ending.comes()), ending, has_whole_parts: content.starts_with(b"text/event-stream") }
    }
}

impl http_body::Body for UntilEnded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ending.has_come() || self.ended.as_mut().poll(context).is_ready() {
            // What made the parts is dropped here.
            self.body = Body::empty();
            let is_over = self.has_whole_parts;
            self.has_whole_parts = true;
            // Half of a document must not look like a whole one.
            return Poll::Ready(if is_over { None } else { Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::PermissionDenied)))) });
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
