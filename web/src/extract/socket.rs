use std::fmt;
use std::future::Future;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{self, WebSocketUpgrade};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::app::{OperationDoc, Spawner};
use crate::respond::{Answer, Problem};

/// A WebSocket about to be opened, after policy, origin check and limits ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)).
///
/// A browser's handshake must come from the service's own origin or one that CORS lists. Messages are at most 64 KiB. Open sockets end
/// when the service shuts down.
pub struct WebSocket {
    upgrade: WebSocketUpgrade,
    spawner: Spawner,
}

impl WebSocket {
    /// Opens the socket and hands it to `serve`.
    #[must_use]
    pub fn open<F: Future<Output = ()> + Send + 'static>(self, serve: impl FnOnce(ws::WebSocket) -> F + Send + 'static) -> SocketOpened {
        let spawner = self.spawner;
        SocketOpened(self.upgrade.on_upgrade(move |socket| async move {
            spawner.until_shutdown(serve(socket)).await;
        }))
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
        operation.response(426, json!({"description": "The request doesn't open a WebSocket.", "content": problem}));
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        if !call.runtime.allows_origin(&call.parts.headers) {
            return Err(Problem::forbidden().because("WebSocket handshake from a foreign origin"));
        }
        let upgrade = WebSocketUpgrade::from_request_parts(&mut call.parts, &()).await.map_err(|_| upgrade_required())?;
        let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).max_write_buffer_size(4 * MAX_MESSAGE);
        Ok(Self { upgrade, spawner: call.runtime.spawner().clone() })
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

/// 426, with what to upgrade to ([RFC 9110 section 15.5.22](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22)).
fn upgrade_required() -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "This endpoint opens a WebSocket.")
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(header::CONNECTION, HeaderValue::from_static("upgrade"))
        .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
}

const MAX_MESSAGE: usize = 64 * 1024;
