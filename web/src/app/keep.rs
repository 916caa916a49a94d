//! Keeps what outlives its request under the gate: see [`open_streams`](super::open_streams).

use std::sync::Arc;

use http::{StatusCode, Uri};
use http_body::Body as _;
use tokio::time::Instant;

use super::noted::Noted;
use super::open_streams::{Ending, Judge, Opened};
use super::pipeline::Pipeline;
use super::route::Found;
use super::until_ended::UntilEnded;
use crate::authn::Known;
use crate::authz::{self, Guard};
use crate::{Body, Response};

/// In the extensions of an answer: the end of the WebSocket that it opens.
#[derive(Clone, Debug)]
pub(crate) struct OpensSocket(pub(crate) Ending);

/// In the extensions of an answer: the end of the connection that it hands to code that isn't ours.
#[derive(Clone, Debug)]
pub(crate) struct Cut(pub(crate) Ending);

impl Pipeline {
    /// Looks after an answer that goes on when its request is over, unless everybody may have it.
    pub(super) fn keep(&self, response: Response, (guard, uri): (&Guard, Option<Uri>), noted: &Noted) -> Response {
        if !goes_on(&response) {
            return response;
        }
        match &noted.known {
            Some(known) if !guard.access().admits_anonymous() => {
                self.keep_open(response, Opened::new(*guard, uri, noted.at, Arc::clone(known)))
            }
            Some(_) | None => response,
        }
    }

    fn keep_open(&self, mut response: Response, opened: Opened) -> Response {
        if let Some(OpensSocket(ending)) = response.extensions_mut().remove() {
            self.streams.add(&ending, opened);
            return response;
        }
        let ending = Ending::default();
        self.streams.add(&ending, opened);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            response.extensions_mut().insert(Cut(ending));
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = Body::new(UntilEnded::new(body, &parts.headers, ending));
        Response::from_parts(parts, body)
    }
}

impl Judge for Pipeline {
    async fn judge(&self, opened: &Opened) -> Option<Arc<Known>> {
        let authenticator = self.authenticator.as_ref()?;
        let before = opened.known();
        let presented = before.presented()?;
        let known = match authenticator.recall(presented, self.runtime.clock().now(), Instant::now()) {
            Some(known) => known,
            None => authenticator.verify(presented.credential().ok()?).await.ok()?,
        };
        if known.principal.qualified() != before.principal.qualified() {
            return None;
        }
        if !authz::admit(&opened.guard, Some(&known.principal), opened.at).ok()? {
            return Some(known);
        }
        let uri = opened.uri.as_ref()?;
        let Found::Endpoint(_, parameters) = self.routes.find(&http::Method::GET, uri.path()) else { return None };
        let param = opened.guard.object()?.param;
        let (_, key) = parameters.iter().find(|(name, _)| *name == param)?;
        let loading = authz::load_object(&opened.guard, self.runtime.database(), key, Some(&known.principal), opened.at);
        loading.await.ok().map(|_| known)
    }
}

/// Ends open streams when their callers may no longer have them, until the service ends.
pub(super) fn look_after_streams(pipeline: &Arc<Pipeline>) {
    let (runtime, streams) = (&pipeline.runtime, Arc::clone(&pipeline.streams));
    let work = streams.look_after(Arc::downgrade(pipeline), runtime.revocations().clone(), runtime.clock().clone());
    runtime.spawner().spawn_until_shutdown(work);
}

/// Whether the end of an answer may be long after its beginning.
fn goes_on(response: &Response) -> bool {
    response.status() == StatusCode::SWITCHING_PROTOCOLS || response.body().size_hint().exact().is_none_or(|length| length > SHORT)
}

/// An answer of known length up to here is in one piece, and gone at once.
const SHORT: u64 = 64 * 1024;
