use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Limited;

use super::body::{Pieces, check_trailers, full, too_large};
use crate::Request;
use crate::accept::Held;
use crate::respond::Problem;

/// What a body has cost that is read by code that isn't ours.
#[derive(Debug)]
pub(crate) struct Meter(Option<Arc<Mutex<Counted>>>);

#[derive(Debug)]
struct Counted {
    /// Nothing is held for a layer: what it passes on is counted where it is read.
    held: Option<Held>,
    refusal: Option<Problem>,
}

/// A body that is bounded and counted while it is read.
#[derive(Debug)]
struct Metered {
    body: Body,
    pieces: Pieces,
    /// Bytes that are held ahead of those that were read, so that few reads count.
    ahead: usize,
    counted: Arc<Mutex<Counted>>,
}

impl Meter {
    /// Bounds the body of a request, unless it is empty. Its bytes count until the meter and the body are dropped.
    ///
    /// # Errors
    /// When the declared length is beyond the limit.
    pub(crate) fn limit(request: &mut Request, limit: usize, held: Held) -> Result<Self, Problem> {
        if request.body().size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        Ok(Self::put_on(request, limit, Some(held)))
    }

    /// Bounds what layers read of a body. They stand before the gate, whose refusal comes first, and what they pass on counts behind it.
    pub(crate) fn watch(request: &mut Request, limit: usize) -> Self {
        Self::put_on(request, limit, None)
    }

    fn put_on(request: &mut Request, limit: usize, held: Option<Held>) -> Self {
        if request.body().is_end_stream() {
            return Self(None);
        }
        let (meter, body) = Self::wrap(std::mem::take(request.body_mut()), limit, held);
        *request.body_mut() = body;
        meter
    }

    fn wrap(body: Body, limit: usize, held: Option<Held>) -> (Self, Body) {
        let counted = Arc::new(Mutex::new(Counted { held, refusal: None }));
        let metered = Metered { body, pieces: Pieces::default(), ahead: 0, counted: Arc::clone(&counted) };
        (Self(Some(counted)), Body::new(Limited::new(metered, limit)))
    }

    /// Why the body could not be read to its end, if the reason was ours.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        self.0.as_deref().and_then(|counted| lock(counted).refusal.clone())
    }
}

fn lock(counted: &Mutex<Counted>) -> MutexGuard<'_, Counted> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metered {
    fn check(&mut self, frame: &Frame<Bytes>) -> Result<(), Problem> {
        if let Some(trailers) = frame.trailers_ref() {
            return check_trailers(trailers);
        }
        let length = frame.data_ref().map_or(0, Bytes::len);
        self.pieces.count(length)?;
        if length > self.ahead {
            let step = (length - self.ahead).max(STEP);
            if let Some(held) = &mut lock(&self.counted).held {
                held.grow(step).map_err(full)?;
            }
            self.ahead += step;
        }
        self.ahead -= length;
        Ok(())
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        if let Err(problem) = self.check(&frame) {
            let error = axum::Error::new(problem.code());
            lock(&self.counted).refusal = Some(problem);
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

const STEP: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::accept::{ByteBudget, Holder};

    #[tokio::test]
    async fn what_was_read_counts_until_the_meter_is_dropped() {
        let budget = ByteBudget::new(1 << 20);
        let (meter, body) = Meter::wrap(Body::from(vec![0; 20_000]), 30_000, Some(budget.hold(1, Holder::Anonymous)));
        let read = body.collect().await.unwrap().to_bytes();
        assert_eq!((read.len(), budget.held()), (20_000, 20_000));
        drop(meter);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn a_body_without_room_is_refused_as_such() {
        let budget = ByteBudget::new(80_000);
        let (meter, body) = Meter::wrap(Body::from(vec![0; 20_000]), 30_000, Some(budget.hold(1, Holder::Anonymous)));
        assert!(body.collect().await.is_err());
        assert_eq!(meter.refusal().unwrap().status(), 503);
        let (meter, body) = Meter::wrap(Body::from(vec![0; 30_001]), 30_000, None);
        assert!(body.collect().await.unwrap_err().into_inner().is::<http_body_util::LengthLimitError>());
        assert!(meter.refusal().is_none(), "its reader says that it is too large");
    }
}
