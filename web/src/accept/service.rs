use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, StatusCode, header, request};
use hyper::body::Incoming;

use super::body::AnswerBody;
use super::head::check_head;
use super::limits::Limits;
use super::lines::FieldLines;
use super::pace::Pace;
use super::state::State;
use crate::Response;
use crate::app::Cut;

/// What answers the requests of a listener: the pipeline.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. It has passed the checks of its head; the future is dropped when the client leaves or resets its stream.
    ///
    /// Over HTTP/1.1, what stands in every answer may go into the lines instead of into its headers; HTTP/2 has none.
    fn call(&self, request: Request<Incoming>, peer: Peer, lines: Option<&mut FieldLines>) -> impl Future<Output = Response> + Send;

    /// Completes an answer that was made without [`call`](Self::call): writes the body of a [`Problem`](crate::respond::Problem) in the
    /// extensions, the security headers, the request's id, the log line. There is no head when it couldn't be read.
    fn finish(&self, response: Response, head: Option<&request::Parts>, peer: Peer, lines: Option<&mut FieldLines>) -> Response;
}

/// In an answer's extensions: the request was refused for being too many, or for its head. A connection with too many of these is closed.
#[derive(Clone, Copy, Debug)]
pub struct Excess;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The address of the socket, which may be a proxy's. An IPv4 address mapped into IPv6 is given as IPv4.
    pub address: SocketAddr,
    /// Whether the connection is encrypted up to here.
    pub tls: bool,
    /// Whether it speaks HTTP/2.
    pub http2: bool,
    /// The port it came in on.
    pub local_port: u16,
}

/// The requests of one connection.
pub(super) struct Requests<S> {
    pub(super) service: Arc<S>,
    pub(super) peer: Peer,
    pub(super) limits: Arc<Limits>,
    pub(super) state: Arc<State>,
}

impl<S: Service> Requests<S> {
    /// Answers one, unless its head is refused.
    pub(super) fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<http::Response<AnswerBody>, Infallible>> + Send + use<S> {
        let running = self.state.start();
        // Read now: a later head may be refused while this request runs.
        let refusal = self.state.refusal();
        let own = Arc::clone(self);
        async move {
            let (service, peer) = (&own.service, own.peer);
            let mut lines = match peer.http2 {
                true => None,
                false => Some(poll_fn(|context| own.state.lines.poll_empty(context)).await),
            };
            let mut response = match (refusal, check_head(&request, &own.limits)) {
                (Some(refusal), _) => service.finish(refusal.answer(peer), None, peer, lines.as_mut()),
                (None, Err(refusal)) => service.finish(refusal.answer(peer), Some(&request.into_parts().0), peer, lines.as_mut()),
                (None, Ok(())) => service.call(request, peer, lines.as_mut()).await,
            };
            let status = response.status();
            let is_excess = (status.is_client_error() || status.is_server_error() || status.is_redirection())
                && response.extensions_mut().remove::<Excess>().is_some();
            if is_excess && own.state.exceed(own.limits.refusals_per_connection) && !peer.http2 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            if let Some(lines) = lines {
                own.state.lines.announce(lines);
            }
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                if let Some(Cut(ending)) = response.extensions().get() {
                    own.state.cut_by(ending.clone());
                }
                own.state.upgrade();
            }
            Ok(response.map(|body| match peer.http2 {
                true => AnswerBody::http2(body, running, Pace::new(&own.limits)),
                false => AnswerBody::http1(body, running),
            }))
        }
    }
}
