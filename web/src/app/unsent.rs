//! Bytes of answers that clients haven't taken yet.
//!
//! Let through: requests while the bytes held for all clients, and those held for the client's address, are below their bounds (see
//! [`ByteBudget`]). Refused: new requests beyond them, and reads whose long answer is ready by then (503 with `Retry-After`). An answer that
//! was let through counts whole, however long it is, until the last byte of each part is written or dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use crate::accept::{ByteBudget, Held, Holder};
use crate::admit::ClientAddress;
use crate::respond::Problem;
use crate::{Body, Response};

/// The bytes of answers in memory.
#[derive(Clone, Debug)]
pub(crate) struct UnsentAnswers(Arc<ByteBudget>);

impl UnsentAnswers {
    pub(crate) fn new(most: usize) -> Self {
        Self(ByteBudget::new(most))
    }

    /// Refuses new work for a client that leaves too much untaken, or for everybody when all together do.
    pub(crate) fn check(&self, address: ClientAddress, holder: Holder) -> Result<(), Problem> {
        if self.0.has_room(address.bucket(), holder) {
            return Ok(());
        }
        Err(Problem::unavailable("too many bytes of answers wait for their clients"))
    }

    /// How many there are now.
    pub(crate) fn bytes(&self) -> usize {
        self.0.held()
    }

    /// Counts an answer, unless it is so short that a stream costs more.
    pub(crate) fn count(&self, response: &mut Response, address: ClientAddress, holder: Holder) {
        if is_long(response) {
            let body = std::mem::take(response.body_mut());
            *response.body_mut() = Body::new(Counted::new(body, self.0.hold(address.bucket(), holder)));
        }
    }
}

/// Whether an answer is counted: a long one, or one that comes in parts.
pub(crate) fn is_long(response: &Response) -> bool {
    let size = response.body().size_hint();
    !response.body().is_end_stream() && size.exact().is_none_or(|bytes| bytes > LONGEST_SHORT)
}

/// A body whose parts count while they are in memory.
struct Counted {
    body: Body,
    /// The first part of a body that has it already, so that it counts before anybody asks for it.
    first: Option<Result<Frame<Bytes>, axum::Error>>,
    /// Holds nothing itself.
    holder: Held,
}

impl Counted {
    fn new(body: Body, holder: Held) -> Self {
        let mut own = Self { body, first: None, holder };
        if own.body.size_hint().exact().is_some()
            && let Poll::Ready(first) = Pin::new(&mut own).poll_frame(&mut Context::from_waker(Waker::noop()))
        {
            own.first = first;
        }
        own
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let count =
            |bytes: Bytes| if bytes.is_empty() { bytes } else { Bytes::from_owner(Part { held: self.holder.beside(bytes.len()), bytes }) };
        frame.map_ok(|frame| frame.map_data(count))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut size = self.body.size_hint();
        let first =
            self.first.as_ref().and_then(|first| first.as_ref().ok()).and_then(Frame::data_ref).map_or(0, |bytes| bytes.len() as u64);
        if let Some(upper) = size.upper() {
            size.set_upper(upper + first);
        }
        size.set_lower(size.lower() + first);
        size
    }
}

/// Bytes that count until nobody has a part of them.
struct Part {
    bytes: Bytes,
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    held: Held,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// About what an HTTP/2 stream and its task take themselves.
const LONGEST_SHORT: u64 = 4 * 1024;
