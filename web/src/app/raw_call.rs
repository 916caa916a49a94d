use std::convert::Infallible;

use tower::ServiceExt as _;

use super::noted::Noted;
use super::pipeline::Pipeline;
use super::route::RawPlace;
use crate::accept::Holder;
use crate::extract::Meter;
use crate::respond::Problem;
use crate::{Request, Response};

impl Pipeline {
    /// Steps 10 to 15 for a raw router.
    pub(super) async fn call_raw(&self, raw: &RawPlace, request: &mut Request, noted: &mut Noted) -> Result<Response, Problem> {
        if self.decide((&raw.guard, raw.class), request.method(), request.headers(), noted).await? {
            return Err(Problem::internal("a raw router's policy can't name an object"));
        }
        let limit = raw.most_body_bytes(self.runtime.limits().body_bytes);
        let holder = if noted.principal.is_some() { Holder::SignedIn } else { Holder::Anonymous };
        let held = self.runtime.buffered().hold(noted.address.bucket(), holder);
        let meter = Meter::limit(request, limit, held)?;
        let response = self.within_time(self.deadline(noted), raw.router.clone().oneshot(std::mem::take(request))).await?;
        match meter.refusal() {
            Some(problem) => Err(problem),
            None => response.map(|response| self.keep(response, (&raw.guard, None), noted)).map_err(|never: Infallible| match never {}),
        }
    }
}
