use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batches::BatchWatch;
use super::http1::Http1;
use super::limits::Limits;
use super::pace::Pace;
use super::ping::PingTimer;
use super::service::{Peer, Requests, Service};
use super::state::State;
use super::stream::Stream;
use super::unless::unless;

/// The connections and streams of one listener, and how they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    pub(super) tracker: TaskTracker,
    /// Tells connections to take no further request.
    pub(super) closing: CancellationToken,
    /// Drops what still runs.
    pub(super) cut: CancellationToken,
}

impl Tasks {
    /// Runs a connection.
    pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        let cut = self.cut.clone();
        self.tracker.spawn(async move { unless(cut.cancelled(), task).await });
    }
}

/// Runs the streams of HTTP/2 connections, each of which ends with its connection.
impl<F: Future<Output = ()> + Send + Unpin + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, stream: F) {
        self.tracker.spawn(Stream::new(stream));
    }
}

/// How connections are spoken with.
#[derive(Debug)]
pub(super) struct Protocols {
    pub(super) limits: Arc<Limits>,
    tasks: Tasks,
    http1: Http1,
    http2: http2::Builder<Tasks>,
}

impl Protocols {
    pub(super) fn new(limits: Arc<Limits>, tasks: Tasks) -> Self {
        let http1 = Http1::new(&limits);
        let mut http2 = http2::Builder::new(tasks.clone());
        http2
            .max_concurrent_streams(limits.http2_streams)
            .max_pending_accept_reset_streams(limits.http2_pending_resets)
            .max_local_error_reset_streams(limits.http2_local_resets)
            .max_header_list_size(u32::try_from(limits.header_bytes + limits.url_bytes + HEADER_SLACK).unwrap_or(u32::MAX))
            .max_send_buf_size(MOST_BUFFERED)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(limits.http2_ping)
            .keep_alive_timeout(limits.http2_ping_timeout);
        Self { limits, tasks, http1, http2 }
    }

    /// Serves a connection until it ends.
    pub(super) async fn serve<I, S>(&self, stream: I, service: Arc<S>, peer: Peer)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service,
    {
        let requests = Requests { service, peer, limits: Arc::clone(&self.limits), state: Arc::default() };
        if peer.http2 {
            Box::pin(self.serve_http2(stream, requests)).await;
        } else {
            self.http1.serve(stream, requests, &self.tasks.closing).await;
        }
    }

    async fn serve_http2<I, S>(&self, stream: I, requests: Requests<S>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service,
    {
        let (state, requests) = (Arc::clone(&requests.state), Arc::new(requests));
        // In a box: on its way to a task of its own, the library moves it many times.
        let answer = service_fn(move |request| Box::pin(requests.answer(request)));
        let mut http2 = self.http2.clone();
        http2.timer(PingTimer(Arc::clone(&state)));
        let mut connection = pin!(http2.serve_connection(TokioIo::new(stream), answer));
        let stop = async {
            tokio::select! {
                () = stalled(&state, Pace::new(&self.limits)) => Stop::Stalled,
                () = self.tasks.closing.cancelled() => Stop::Closing,
                () = state.exceeded() => Stop::Excess,
                () = idle(&state, &self.limits) => Stop::Closing,
            }
        };
        // How a connection ends is the client's affair: it is not an event of the service.
        match unless(stop, connection.as_mut()).await {
            Ok(_) | Err(Stop::Stalled) => {}
            Err(Stop::Closing) => {
                connection.as_mut().graceful_shutdown();
                self.finish(connection, &state).await;
            }
            Err(Stop::Excess) => {
                connection.as_mut().graceful_shutdown();
                // Long enough for the GOAWAY; whoever goes on asking doesn't lengthen it.
                let _ = timeout(FAREWELL, connection).await;
            }
        }
    }

    /// Waits for the running streams, but not for a client that doesn't answer to the end of the connection.
    async fn finish<C: Future>(&self, connection: C, state: &State) {
        tokio::select! {
            _ = connection => {}
            () = quiet(state, self.limits.header_read) => {}
        }
    }
}

/// Why an HTTP/2 connection that hasn't ended is given up, or closed in good order.
enum Stop {
    Stalled,
    Closing,
    /// Too many requests were refused.
    Excess,
}

/// Resolves when an HTTP/2 connection has had no request for the keep-alive time, or no first one for the time a head may take.
async fn idle(state: &State, limits: &Limits) {
    tokio::time::sleep(limits.header_read).await;
    if state.started() > 0 {
        quiet(state, limits.keep_alive).await;
    }
}

/// Resolves when the client takes short answers too slowly, which have no stream left that could be reset, or when streams were reset and
/// nothing else goes on.
async fn stalled(state: &State, pace: Pace) {
    let (mut ticks, mut watch) = (quarters(pace.window()), BatchWatch::new(pace));
    let mut before = state.started();
    loop {
        ticks.tick().await;
        let started = state.started();
        let is_quiet = state.running() == 0 && started == before;
        if !watch.look(&state.batches, Instant::now()) || (is_quiet && state.gave_up()) {
            return;
        }
        before = started;
    }
}

/// Resolves when no request has run or begun for so long, to a quarter of it.
async fn quiet(state: &State, time: Duration) {
    let mut ticks = quarters(time);
    let (mut quiet, mut started) = (0, state.started());
    while quiet < 4 {
        ticks.tick().await;
        let unchanged = state.running() == 0 && state.started() == started;
        quiet = if unchanged { quiet + 1 } else { 0 };
        started = state.started();
    }
}

/// Ticks four times in this time, each a quarter of it after the last however late that was.
fn quarters(time: Duration) -> Interval {
    let part = (time / 4).max(Duration::from_millis(1));
    let mut ticks = interval_at(Instant::now() + part, part);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// What is buffered of one answer before the handler has to wait; holds any head that the guard lets through.
pub(super) const MOST_BUFFERED: usize = 512 * 1024;
/// How long a connection of too many refused requests lives on.
const FAREWELL: Duration = Duration::from_secs(1);
/// Above our own limit, which is answered with a 431 that has every header; what is longer still, the HTTP/2 library refuses.
const HEADER_SLACK: usize = 32 * 1024;
/// What a client may send of one body before it is read. It doesn't count as buffered, so it is kept small.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;
