use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::delivery::Delivery;
use super::state::State;

/// A part of an answer that tells when it is written: the HTTP libraries advance it as they write, and drop what they don't.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    tally: Tally,
}

/// Who wants to know.
#[derive(Debug)]
enum Tally {
    /// Nobody: over HTTP/1.1 the socket itself shows what the client takes.
    None,
    Batch(Arc<State>, usize),
    Delivery(Arc<Delivery>),
}

impl Piece {
    /// A part that nobody counts.
    pub(super) const fn uncounted(bytes: Bytes) -> Self {
        Self { bytes, tally: Tally::None }
    }

    /// A whole short HTTP/2 answer.
    pub(super) fn short(bytes: Bytes, state: Arc<State>) -> Self {
        let number = state.batches.join(bytes.len());
        Self { bytes, tally: Tally::Batch(state, number) }
    }

    /// A part of a long HTTP/2 answer.
    pub(super) fn of(bytes: Bytes, delivery: Arc<Delivery>) -> Self {
        delivery.hand_over(bytes.len());
        Self { bytes, tally: Tally::Delivery(delivery) }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        match &self.tally {
            _ if count == 0 => {}
            Tally::None => {}
            Tally::Batch(state, number) => state.batches.took(*number, count),
            Tally::Delivery(delivery) => delivery.took(count),
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        match &self.tally {
            _ if self.bytes.is_empty() => {}
            Tally::None => {}
            Tally::Batch(state, number) => state.batches.discard(*number, self.bytes.len()),
            Tally::Delivery(delivery) => delivery.discard(self.bytes.len()),
        }
    }
}
