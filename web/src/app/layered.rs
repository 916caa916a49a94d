//! The application's tower layers, between the limits and the gate.
//!
//! Let through to the gate: the request that was admitted, with its method and path as they were. The route is found before, and its limits
//! are applied. Refused, with a 500 whose cause is logged: a request with another method or path, a second one, one of a layer's own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Uri};
use portcullis_core::{Id, Principal};
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::noted::Noted;
use super::passage::Passage;
use super::pipeline::Pipeline;
use super::route::{BoxedService, Found, Routed};
use crate::admit::ClientAddress;
use crate::extract::Meter;
use crate::respond::Problem;
use crate::{IntoResponse as _, Request, Response};

impl Pipeline {
    /// Step 9, and what the layers wrap.
    pub(super) async fn through_layers(
        &self,
        layered: &Mutex<BoxedService>,
        request: &mut Request,
        found: Found<'_>,
        passage: &mut Passage<'_>,
    ) -> Result<Response, Problem> {
        let most_body = found.most_body_bytes(self.runtime.limits().body_bytes);
        let slot = Slot::new(Admitted {
            address: passage.address,
            request_id: passage.request_id,
            method: request.method().clone(),
            uri: request.uri().clone(),
            routed: found.keep(),
        });
        // What a layer reads is bounded as what the endpoint reads; what it passes on counts there.
        let meter = Meter::watch(request, most_body);
        request.extensions_mut().insert(slot.clone());
        let service = layered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Layers get as much time as the handler inside them.
        let deadline = passage.began + self.runtime.limits().handler * 2;
        let answered = self.within_time(deadline, Box::pin(service.oneshot(std::mem::take(request)))).await;
        let (principal, fault) = slot.outcome();
        passage.principal = principal;
        // Whatever the layers make of the answer: the limits of another endpoint were applied.
        if let Some(fault) = fault {
            return Err(Problem::internal(fault));
        }
        match meter.refusal() {
            Some(problem) => Err(problem),
            None => answered.map(|response| response.unwrap_or_else(|never: Infallible| match never {})),
        }
    }

    /// What the application's layers wrap: steps 10 to 15 for a request that they let through as it was admitted.
    pub(crate) async fn behind_layers(self: Arc<Self>, mut request: Request) -> Response {
        let Some(slot) = request.extensions_mut().remove::<Slot>() else {
            return Problem::internal("a layer sent a request of its own").into_response();
        };
        let mut admitted = match slot.take(&request) {
            Ok(admitted) => admitted,
            Err(fault) => return Problem::internal(fault).into_response(),
        };
        let (at, began) = (self.runtime.clock().now(), Instant::now());
        let mut noted = Noted { principal: None, known: None, address: admitted.address, request_id: admitted.request_id, at, began };
        let found = admitted.routed.found();
        let response = self.pass(&mut request, found, &mut noted).await.unwrap_or_else(Problem::into_response);
        slot.leave(noted.principal);
        response
    }
}

/// What a request was admitted as, before the application's layers. It stands for one request: nobody is admitted twice.
struct Admitted {
    address: ClientAddress,
    request_id: Id,
    method: Method,
    uri: Uri,
    routed: Routed,
}

/// What a request carries through the application's layers: how it was admitted, on its way in, and what the gate inside tells those
/// outside.
#[derive(Clone)]
struct Slot(Arc<Mutex<Carried>>);

struct Carried {
    admitted: Option<Admitted>,
    principal: Option<Principal>,
    fault: Option<&'static str>,
}

impl Slot {
    fn new(admitted: Admitted) -> Self {
        Self(Arc::new(Mutex::new(Carried { admitted: Some(admitted), principal: None, fault: None })))
    }

    /// How the request was admitted, which has to be the same request still; else what a layer did to it.
    fn take<B>(&self, request: &http::Request<B>) -> Result<Admitted, &'static str> {
        let mut carried = self.carried();
        let taken = match carried.admitted.take() {
            None => Err("a layer sent a request again"),
            Some(admitted) if admitted.method != request.method() => Err("a layer changed the method"),
            Some(admitted) if admitted.uri.path() != request.uri().path() => Err("a layer changed the path"),
            Some(admitted) => Ok(admitted),
        };
        if let Err(fault) = &taken {
            carried.fault = Some(fault);
        }
        taken
    }

    /// Leaves the caller for the log line.
    fn leave(&self, principal: Option<Principal>) {
        self.carried().principal = principal;
    }

    /// The caller, and what a layer did wrong.
    fn outcome(&self) -> (Option<Principal>, Option<&'static str>) {
        let mut carried = self.carried();
        (carried.principal.take(), carried.fault)
    }

    fn carried(&self) -> MutexGuard<'_, Carried> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
