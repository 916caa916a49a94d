use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::Instant;

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::app::OperationDoc;
use crate::respond::Problem;

/// The bytes of a body, whatever they are, up to the endpoint's body limit.
#[derive(Clone)]
pub struct RawBody(pub Bytes);

impl std::fmt::Debug for RawBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawBody({} bytes)", self.0.len())
    }
}

#[diagnostic::do_not_recommend]
impl Argument for RawBody {
    const KIND: Kind = Kind::Body;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.raw_request_body("application/octet-stream");
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.require_content_type("application/octet-stream")?;
        read_body(call).await.map(Self)
    }
}

/// Reads the whole body within the endpoint's size and the application's time.
pub(super) async fn read_body(call: &mut Call) -> Result<Bytes, Problem> {
    let (limit, deadline) = body_limits(call)?;
    let body = Limited::new(call.take_body(), limit);
    let collected = tokio::time::timeout_at(deadline, body.collect()).await.map_err(|_| too_slow())?;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| if error.is::<LengthLimitError>() { too_large() } else { broken() })
}

/// The endpoint's body limit in bytes and the end of the time for reading it. Refuses a declared length before reading a byte.
pub(super) fn body_limits(call: &Call) -> Result<(usize, Instant), Problem> {
    let limits = call.runtime.limits();
    let limit = call.endpoint.body_limit().unwrap_or(limits.body_bytes);
    let declared = call.parts.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    // A moment before the handler's own end, so that a slow body is answered as one.
    let deadline = (Instant::now() + Duration::from_secs(limits.body_seconds)).min(call.deadline - MOMENT);
    Ok((limit, deadline))
}

pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than this endpoint reads.")
}

pub(super) fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body came too slowly.")
}

pub(super) fn broken() -> Problem {
    Problem::bad_request("broken_body", "The body could not be read to its end.")
}

const MOMENT: Duration = Duration::from_millis(50);
