use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use super::delivery::Delivery;
use super::pace::Pace;
use super::piece::Piece;
use super::state::Running;

/// The body of an answer on its way to the client. It counts as a running request until it is sent or dropped.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Body,
    running: Running,
    sending: Sending,
}

/// How it is sent.
#[derive(Debug)]
enum Sending {
    /// One answer after the other: what the client takes of it shows in the socket.
    Http1,
    /// Over HTTP/2, before its first part.
    Begin(Pace),
    /// In one part, after which nothing follows.
    Short,
    /// In parts, or longer than the client may keep waiting in one. Its end is held back until everything is written: without an end the
    /// stream can be reset.
    Long(Arc<Delivery>),
    /// All parts are handed over, perhaps not these trailers.
    Ending(Arc<Delivery>, Option<HeaderMap>),
}

impl AnswerBody {
    /// Over HTTP/1.1.
    pub(super) const fn http1(body: Body, running: Running) -> Self {
        Self { body, running, sending: Sending::Http1 }
    }

    /// Over HTTP/2, where the client has to keep this pace.
    pub(super) const fn http2(body: Body, running: Running, pace: Pace) -> Self {
        Self { body, running, sending: Sending::Begin(pace) }
    }

    /// One part of the body on its way over HTTP/2.
    fn send(&mut self, frame: Frame<Bytes>) -> Frame<Piece> {
        let bytes = match frame.into_data() {
            Ok(bytes) => bytes,
            // Only a body that has data gets here with trailers; see `poll_frame`.
            Err(other) => return other.map_data(Piece::uncounted),
        };
        if bytes.is_empty() {
            return Frame::data(Piece::uncounted(bytes));
        }
        let pace = match &self.sending {
            Sending::Begin(pace) => *pace,
            Sending::Long(delivery) => return Frame::data(Piece::of(bytes, Arc::clone(delivery))),
            Sending::Http1 | Sending::Short | Sending::Ending(..) => return Frame::data(Piece::uncounted(bytes)),
        };
        if bytes.len() <= pace.bytes_in_window().min(LONGEST_SHORT) && http_body::Body::is_end_stream(&self.body) {
            self.sending = Sending::Short;
            return Frame::data(Piece::short(bytes, self.running.share_state()));
        }
        let delivery = Delivery::begin(pace, self.running.share_state());
        self.sending = Sending::Long(Arc::clone(&delivery));
        Frame::data(Piece::of(bytes, delivery))
    }

    /// Holds the end back until everything before it is written.
    fn poll_end(&mut self, context: &Context<'_>) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        if let Sending::Ending(delivery, trailers) = &mut self.sending {
            ready!(delivery.poll_written(context));
            return Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
        }
        Poll::Ready(None)
    }
}

impl http_body::Body for AnswerBody {
    type Data = Piece;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        let own = &mut *self;
        match &own.sending {
            Sending::Ending(..) => return own.poll_end(context),
            Sending::Long(delivery) => ready!(delivery.poll_room(context)),
            Sending::Http1 | Sending::Begin(_) | Sending::Short => {}
        }
        let frame = ready!(Pin::new(&mut own.body).poll_frame(context)).transpose()?;
        match (&own.sending, frame) {
            (Sending::Http1, frame) => Poll::Ready(frame.map(|frame| Ok(frame.map_data(Piece::uncounted)))),
            (Sending::Long(delivery), None) => {
                own.sending = Sending::Ending(Arc::clone(delivery), None);
                own.poll_end(context)
            }
            (Sending::Long(delivery), Some(frame)) if frame.is_trailers() => {
                own.sending = Sending::Ending(Arc::clone(delivery), frame.into_trailers().ok());
                own.poll_end(context)
            }
            (_, frame) => Poll::Ready(frame.map(|frame| Ok(own.send(frame)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.sending {
            Sending::Long(_) | Sending::Ending(..) => false,
            Sending::Http1 | Sending::Begin(_) | Sending::Short => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What one frame of HTTP/2 holds at the least that every client accepts.
const LONGEST_SHORT: usize = 16 * 1024;
