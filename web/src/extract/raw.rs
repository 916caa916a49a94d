use bytes::Bytes;

use super::argument::{Argument, Kind, Nothing};
use super::body::read_kept;
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
        read_kept(call).await.map(Self)
    }
}
