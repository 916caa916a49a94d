use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// A request's body over HTTP/2. What is left of it when it is dropped is read for a moment and forgotten.
///
/// HTTP/2 resets the stream of a body that nobody reads any more, right behind the answer ([RFC 9113 section 8.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.1)),
/// and some clients (curl 7.88) lose the answer then. Most bodies are short and on their way: with their end the stream closes in order.
#[derive(Debug)]
pub(crate) struct Http2Body(Option<Incoming>);

impl Http2Body {
    pub(crate) const fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Http2Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Http2Body {
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(LONGEST, forget(body)));
        }
    }
}

async fn forget(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST || body.is_end_stream() {
            return;
        }
    }
}

const LONGEST: Duration = Duration::from_secs(1);
const MOST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use h2::client::{SendRequest, handshake};
    use h2::{Reason, SendStream};
    use http::{Request, Response};
    use hyper::server::conn::http2;
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::duplex;

    use super::*;

    /// A client of a server that does this with each body before it answers.
    async fn client<F: Future<Output = ()> + Send + 'static>(take: fn(Incoming) -> F) -> SendRequest<Bytes> {
        let (near, far) = duplex(1024 * 1024);
        let answer = service_fn(move |request: Request<Incoming>| async move {
            take(request.into_body()).await;
            Ok::<_, Infallible>(Response::new(String::new()))
        });
        tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(far), answer));
        let (client, connection) = handshake(near).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn leave(body: Incoming) {
        drop(Http2Body::new(body));
    }

    /// Sends a head whose body is still to come, and waits for its answer.
    async fn answered(client: &mut SendRequest<Bytes>) -> SendStream<Bytes> {
        poll_fn(|context| client.poll_ready(context)).await.unwrap();
        let (answer, body) = client.send_request(Request::post("http://a/").body(()).unwrap(), false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        body
    }

    #[tokio::test]
    async fn the_stream_of_a_body_that_ends_soon_is_not_reset() {
        let mut client = client(leave).await;
        let mut body = answered(&mut client).await;
        // A reset would have come before the next answer.
        answered(&mut client).await;
        body.send_data(Bytes::from_static(b"late"), true).unwrap();
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_not_waited_for() {
        let mut body = answered(&mut client(leave).await).await;
        assert_eq!(poll_fn(|context| body.poll_reset(context)).await.unwrap(), Reason::NO_ERROR);
    }

    #[tokio::test]
    async fn no_more_than_a_little_is_read() {
        // Without a deadline: only the bound ends it.
        let mut client = client(forget).await;
        let (answer, mut body) = client.send_request(Request::post("http://a/").body(()).unwrap(), false).unwrap();
        body.send_data(vec![0; MOST + 1].into(), false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}
