//! A WebSocket as an argument of a handler ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::json;

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::accept::{Held, Holder};
use crate::admit::ClientAddress;
use crate::app::{Ending, OpensSocket, OperationDoc, SocketLimits, Spawner};
use crate::respond::{Answer, Problem};

mod converse;
mod frames;
mod handshake;
mod messages;
pub use messages::Socket;

/// A WebSocket about to be opened, after policy, origin check and limits.
///
/// A browser's handshake must come from the service's own origin or one that CORS lists. Messages are at most
/// `limits.websocket_message_bytes` long, and a socket without messages ends after `limits.websocket_idle_seconds`. An open socket ends with
/// close code 1008 when its caller is disabled, logs out or no longer passes the policy, and with 1001 when the service shuts down; its
/// handler is dropped then.
pub struct WebSocket {
    upgrade: OnUpgrade,
    accept: HeaderValue,
    spawner: Spawner,
    limits: SocketLimits,
    held: Held,
}

impl WebSocket {
    /// Takes messages of at most so many bytes, instead of `limits.websocket_message_bytes`.
    #[must_use]
    pub const fn message_bytes(mut self, most: usize) -> Self {
        self.limits.message_bytes = most;
        self
    }

    /// Ends the socket after so long without a message in either direction, instead of `limits.websocket_idle_seconds`.
    #[must_use]
    pub const fn idle(mut self, most: Duration) -> Self {
        self.limits.idle = most;
        self
    }

    /// Opens the socket and hands it to `serve`.
    #[must_use]
    pub fn open<F: Future<Output = ()> + Send + 'static>(self, serve: impl FnOnce(Socket) -> F + Send + 'static) -> SocketOpened {
        let Self { upgrade, accept, spawner, limits, held } = self;
        let ending = Ending::default();
        let ends = converse::Ends { ending: ending.clone(), shutdown: spawner.shutdown_begins() };
        let refused = spawner.shutdown_begins();
        spawner.spawn(async move {
            let upgraded = tokio::select! {
                upgraded = upgrade => upgraded,
                () = refused => return,
            };
            // A client that leaves before its answer opens nothing.
            if let Ok(upgraded) = upgraded {
                converse::converse(TokioIo::new(upgraded), limits, held, ends, serve).await;
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        response.extensions_mut().insert(OpensSocket(ending));
        SocketOpened(response)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

/// The answer of an endpoint that opened a WebSocket: 101.
#[derive(Debug)]
pub struct SocketOpened(Response);

#[diagnostic::do_not_recommend]
impl Argument for WebSocket {
    const KIND: Kind = Kind::Upgrade;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.note("Opens a WebSocket.");
        operation.response(403, json!({"$ref": "#/components/responses/403"}));
        let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        operation.response(400, json!({"$ref": "#/components/responses/400"}));
        operation.response(426, json!({"description": "The request doesn't open a WebSocket.", "content": problem}));
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        if !call.runtime.allows_origin(&call.parts.headers) {
            return Err(Problem::forbidden().because("WebSocket handshake from a foreign origin"));
        }
        let (upgrade, accept) = handshake::check(&mut call.parts)?;
        let holder = if call.principal.is_some() { Holder::SignedIn } else { Holder::Anonymous };
        let held = call.runtime.buffered().hold(ClientAddress::new(call.address).bucket(), holder);
        Ok(Self { upgrade, accept, spawner: call.runtime.spawner().clone(), limits: call.runtime.limits().socket, held })
    }
}

#[diagnostic::do_not_recommend]
impl Answer for SocketOpened {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.empty_response(101, "The socket is open.");
    }

    fn into_answer(self) -> Response {
        self.0
    }
}
