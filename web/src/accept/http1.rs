use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::limits::Limits;
use super::service::{Requests, Service};
use super::state::State;
use super::unless::unless;

/// How HTTP/1.1 is spoken.
///
/// An idle connection is held by its guard alone. hyper, whose buffers and state take some 25 KiB, comes in when a head has arrived, stays
/// while requests follow each other, and goes when none has for a moment.
#[derive(Debug)]
pub(super) struct Http1 {
    hyper: Builder,
    keep_alive: Duration,
    rest: Duration,
}

impl Http1 {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut hyper = Builder::new();
        // hyper needs no time-out of its own: the guard bounds a head that arrives, and whoever asks nothing comes to rest.
        hyper.header_read_timeout(None).max_buf_size(super::connection::MOST_BUFFERED);
        Self { hyper, keep_alive: limits.keep_alive, rest: limits.rest }
    }

    /// Serves a connection until it ends, or the service closes.
    pub(super) async fn serve<I, S>(&self, stream: I, requests: Requests<S>, closing: &CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service,
    {
        let requests = Arc::new(requests);
        let mut guard = Guard::new(stream, Arc::clone(&requests.limits), Arc::clone(&requests.state));
        // The first head has a time of its own, which the guard keeps.
        let mut patience = Duration::MAX;
        loop {
            let head = timeout(patience, poll_fn(|context| guard.poll_head(context)));
            match closing.run_until_cancelled(head).await {
                Some(Ok(Ok(true))) => {}
                // In the middle of a head there is nobody to say good-bye to.
                Some(Ok(Err(_))) => return,
                Some(Ok(Ok(false)) | Err(_)) | None => return drop(guard.shutdown().await),
            }
            guard = match Box::pin(self.converse(guard, &requests, closing)).await {
                Some(guard) => guard,
                None => return,
            };
            guard.relax();
            patience = self.keep_alive.saturating_sub(self.rest);
        }
    }

    /// Lets hyper answer the request whose head has arrived, and those that follow it soon; the guard, unless the connection has ended.
    async fn converse<I, S>(&self, guard: Guard<I>, requests: &Arc<Requests<S>>, closing: &CancellationToken) -> Option<Guard<I>>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service,
    {
        let answering = Arc::clone(requests);
        let answer = service_fn(move |request| answering.answer(request));
        let mut connection = self.hyper.serve_connection(TokioIo::new(guard), answer).with_upgrades();
        let stop = async {
            tokio::select! {
                biased;
                () = closing.cancelled() => Stop::Closing,
                () = rest(&requests.state, self.rest) => Stop::Rest,
            }
        };
        match unless(stop, &mut connection).await {
            // How a connection ends is the client's affair: it is not an event of the service.
            Ok(_) => return None,
            Err(Stop::Closing) => {
                Pin::new(&mut connection).graceful_shutdown();
                let _ = connection.await;
                return None;
            }
            Err(Stop::Rest) => {}
        }
        let parts = connection.into_parts()?;
        // The guard hands on one head at a time: at rest hyper holds nothing that could be lost. Lines whose head never came belong to an
        // answer that hyper couldn't write, after which nothing follows.
        (parts.read_buf.is_empty() && !requests.state.lines.are_due()).then(|| parts.io.into_inner())
    }
}

/// Why hyper lets go of a connection that hasn't ended.
enum Stop {
    Closing,
    Rest,
}

/// Resolves when there has been no request, and nothing left to send, for so long to twice as long.
async fn rest(state: &State, time: Duration) {
    let mut tick = std::pin::pin!(sleep(time));
    let mut before = state.started();
    loop {
        tick.as_mut().await;
        let started = state.started();
        if started == before && state.is_at_rest() {
            return;
        }
        before = started;
        tick.as_mut().reset(Instant::now() + time);
    }
}
