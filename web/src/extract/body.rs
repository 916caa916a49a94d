//! Reading a request's body.
//!
//! Let through: a body within the endpoint's size, the application's time, a number of pieces in proportion to its bytes, and the service's
//! budget for buffered bodies. It is copied into one buffer, so that no read buffer of the connection outlives the piece that it holds.
//! Refused: 413 beyond the size, 408 beyond the time, 400 for too many pieces or trailers, 503 beyond the budget.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::call::Call;
use crate::accept::{Exhausted, Held};
use crate::respond::Problem;

/// Reads the whole body, to be parsed at once: a short one may still lie in the connection's buffer.
pub(super) async fn read_body(call: &mut Call) -> Result<Bytes, Problem> {
    read(call, Use::AtOnce, |_| Ok(())).await
}

/// Reads the whole body into memory of its own, for the handler to keep.
pub(super) async fn read_kept(call: &mut Call) -> Result<Bytes, Problem> {
    read(call, Use::Kept, |_| Ok(())).await
}

/// The same, while somebody looks at what has come so far and may refuse it.
pub(super) async fn read_watched(call: &mut Call, look: impl FnMut(&[u8]) -> Result<(), Problem> + Send) -> Result<Bytes, Problem> {
    read(call, Use::Kept, look).await
}

/// What becomes of the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    AtOnce,
    Kept,
}

async fn read(call: &mut Call, then: Use, look: impl FnMut(&[u8]) -> Result<(), Problem> + Send) -> Result<Bytes, Problem> {
    let (limit, deadline) = limits(call)?;
    let body = call.take_body();
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collected = collect(body, (limit, then), call.held(), look);
    tokio::time::timeout_at(deadline, collected).await.map_err(|_| too_slow())?
}

/// The endpoint's body limit in bytes and the end of the time for reading it. Refuses a declared length before reading a byte.
fn limits(call: &Call) -> Result<(usize, Instant), Problem> {
    let limits = call.runtime.limits();
    let limit = call.endpoint.most_body_bytes(limits.body_bytes);
    let declared = call.parts.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    // A moment before the handler's own end, so that a slow body is answered as one.
    let deadline = (Instant::now() + Duration::from_secs(limits.body_seconds)).min(call.deadline - MOMENT);
    Ok((limit, deadline))
}

async fn collect(
    mut body: Body,
    (limit, then): (usize, Use),
    held: &mut Held,
    mut look: impl FnMut(&[u8]) -> Result<(), Problem> + Send,
) -> Result<Bytes, Problem> {
    // A declared length is trusted with the size of the buffer, but the buffer grows only as bytes arrive.
    let most = body.size_hint().exact().and_then(|exact| usize::try_from(exact).ok()).map_or(limit, |exact| exact.min(limit));
    let (mut buffer, mut pieces) = (Vec::new(), Pieces::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| broken())?;
        if let Some(trailers) = frame.trailers_ref() {
            check_trailers(trailers)?;
        }
        let Ok(data) = frame.into_data() else { continue };
        pieces.count(data.len())?;
        if data.len() > limit - buffer.len() {
            return Err(too_large());
        }
        if then == Use::AtOnce && buffer.is_empty() && body.is_end_stream() {
            held.grow(data.len()).map_err(full)?;
            return Ok(data);
        }
        make_room(&mut buffer, data.len(), most, held)?;
        buffer.extend_from_slice(&data);
        look(&buffer)?;
    }
    Ok(buffer.into())
}

/// Doubles the buffer when it is full, so that bytes are copied and counted in few steps.
fn make_room(buffer: &mut Vec<u8>, more: usize, most: usize, held: &mut Held) -> Result<(), Problem> {
    let needed = buffer.len() + more;
    if needed > buffer.capacity() {
        let wanted = needed.max((2 * buffer.capacity()).max(LEAST).min(most));
        held.grow(wanted - buffer.capacity()).map_err(full)?;
        buffer.reserve_exact(wanted - buffer.len());
    }
    Ok(())
}

/// Counts the pieces that a body comes in: each costs as much as many bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pieces {
    count: usize,
    bytes: usize,
}

impl Pieces {
    /// Counts one more.
    ///
    /// # Errors
    /// When there are more pieces than any client needs for so many bytes.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<(), Problem> {
        self.count += 1;
        self.bytes += bytes;
        if self.count > FREE_PIECES + self.bytes / BYTES_PER_PIECE {
            return Err(Problem::bad_request("too_many_chunks", "The body comes in too many small chunks."));
        }
        Ok(())
    }
}

/// Trailers are read and forgotten; HTTP/2 allows larger ones than HTTP/1.1 does here.
pub(crate) fn check_trailers(trailers: &HeaderMap) -> Result<(), Problem> {
    let bytes: usize = trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > LONGEST_TRAILERS {
        return Err(Problem::bad_request("trailers_too_large", "The trailers of the body are too long."));
    }
    Ok(())
}

pub(crate) fn full(exhausted: Exhausted) -> Problem {
    Problem::unavailable(exhausted)
}

pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than this endpoint reads.")
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body came too slowly.")
}

pub(super) fn broken() -> Problem {
    Problem::bad_request("broken_body", "The body could not be read to its end.")
}

const MOMENT: Duration = Duration::from_millis(50);
/// The smallest buffer.
const LEAST: usize = 4 * 1024;
/// Chunks that a body of any size may come in, however small they are.
const FREE_PIECES: usize = 1024;
/// Beyond the free ones, chunks hold at least so many bytes on average. Clients write lines or buffers of some KiB.
const BYTES_PER_PIECE: usize = 64;
/// As much as the guard of HTTP/1.1 lets through.
const LONGEST_TRAILERS: usize = 4096;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::accept::{ByteBudget, Holder};

    fn body(frames: Vec<Frame<Bytes>>) -> Body {
        Body::new(StreamBody::new(stream::iter(frames.into_iter().map(Ok::<_, Infallible>))))
    }

    fn data(size: usize) -> Frame<Bytes> {
        Frame::data(vec![b'x'; size].into())
    }

    async fn collected(frames: Vec<Frame<Bytes>>, limit: usize, budget: usize) -> (Result<Bytes, &'static str>, usize) {
        let budget = ByteBudget::new(budget);
        let mut held = budget.hold(1, Holder::SignedIn);
        let result = collect(body(frames), (limit, Use::Kept), &mut held, |_| Ok(())).await;
        (result.map_err(|problem| problem.code()), held.bytes())
    }

    const PLENTY: usize = 1 << 30;

    #[tokio::test]
    async fn a_body_of_many_pieces_is_one_buffer_that_is_counted() {
        let frames = |sizes: &[usize]| sizes.iter().map(|size| data(*size)).collect::<Vec<_>>();
        let (result, held) = collected(frames(&[1, 4095, 1, 10_000, 0, 3]), 100_000, PLENTY).await;
        assert_eq!(result.unwrap().len(), 14_100);
        assert_eq!(held, 16_384, "4 KiB, doubled and doubled");
        let (result, held) = collected(frames(&[9000, 1000]), 10_000, PLENTY).await;
        assert_eq!((result.unwrap().len(), held), (10_000, 10_000), "never more than the limit");
    }

    #[tokio::test]
    async fn a_byte_too_many_is_413() {
        for frames in [vec![data(11)], vec![data(10), data(1)], (0..11).map(|_| data(1)).collect()] {
            assert_eq!(collected(frames, 10, PLENTY).await.0, Err("too_large"));
        }
        assert_eq!(collected(vec![data(10), data(0)], 10, PLENTY).await.0.unwrap().len(), 10);
    }

    #[tokio::test]
    async fn pieces_out_of_proportion_are_refused_and_lines_are_not() {
        let frames = |count: usize, size| (0..count).map(|_| data(size)).collect::<Vec<_>>();
        assert_eq!(collected(frames(1024, 0), 1 << 20, PLENTY).await.0.unwrap().len(), 0);
        assert_eq!(collected(frames(1025, 0), 1 << 20, PLENTY).await.0, Err("too_many_chunks"));
        let (result, held) = collected(frames(100_000, 1), 1 << 20, PLENTY).await;
        assert_eq!((result, held), (Err("too_many_chunks"), 4096));
        assert_eq!(collected(frames(16_384, 64), 1 << 20, PLENTY).await.0.unwrap().len(), 1 << 20);
    }

    #[tokio::test]
    async fn what_the_budget_has_no_room_for_is_503() {
        let (result, held) = collected((0..100).map(|_| data(1000)).collect(), 1 << 20, 8 * 65_536).await;
        assert_eq!((result, held), (Err("unavailable"), 65_536));
    }

    #[tokio::test]
    async fn trailers_are_bounded_and_forgotten() {
        let trailers = |length: usize| {
            let mut map = HeaderMap::new();
            map.insert("x", "v".repeat(length).parse().unwrap());
            Frame::trailers(map)
        };
        assert_eq!(collected(vec![data(3), trailers(4000)], 10, PLENTY).await.0.unwrap(), "xxx");
        assert_eq!(collected(vec![data(3), trailers(5000)], 10, PLENTY).await.0, Err("trailers_too_large"));
    }
}
