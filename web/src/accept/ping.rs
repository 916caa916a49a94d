use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::state::State;

/// The timer of an HTTP/2 connection's pings, which don't count while bytes of a long answer wait for the client.
///
/// A slow client finds the ping behind all that was sent before it, perhaps a minute later. Until then the rate at which it takes the answer
/// tells whether it is still there ([`pace`](super::pace)).
#[derive(Debug)]
pub(super) struct PingTimer(pub(super) Arc<State>);

#[derive(Debug)]
struct PingSleep {
    sleep: Pin<Box<tokio::time::Sleep>>,
    connection: Arc<State>,
}

impl hyper::rt::Timer for PingTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(PingSleep { sleep: Box::pin(sleep_until(deadline.into())), connection: Arc::clone(&self.0) })
    }
}

impl hyper::rt::Sleep for PingSleep {}

impl Future for PingSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(context));
            if !self.connection.is_delivering() {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(tokio::time::Instant::now() + AGAIN);
        }
    }
}

const AGAIN: Duration = Duration::from_secs(1);
