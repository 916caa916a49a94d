use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::delivery::{Delivery, begun};

/// The task of one HTTP/2 stream. It is dropped, which resets the stream, when its client takes a long answer too slowly.
#[derive(Debug)]
pub(super) struct Stream<F> {
    stream: F,
    delivery: Option<Arc<Delivery>>,
    /// Set for a deadline of the delivery, which may have moved to a later time since.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<F> Stream<F> {
    pub(super) const fn new(stream: F) -> Self {
        Self { stream, delivery: None, alarm: None }
    }

    /// Resolves when the client has taken too little for too long.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(delivery) = &self.delivery else { return Poll::Pending };
        loop {
            let Some(deadline) = delivery.deadline() else { return Poll::Pending };
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if alarm.is_elapsed() {
                if alarm.deadline() == deadline || deadline <= Instant::now() {
                    delivery.give_up();
                    return Poll::Ready(());
                }
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(context));
        }
    }
}

impl<F: Future<Output = ()> + Unpin> Future for Stream<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let own = &mut *self;
        let polled = Pin::new(&mut own.stream).poll(context);
        // In any case, so that no other stream takes it for its own.
        if let Some(delivery) = begun() {
            own.delivery = Some(delivery);
        }
        if polled.is_ready() {
            return Poll::Ready(());
        }
        own.poll_stalled(context)
    }
}
