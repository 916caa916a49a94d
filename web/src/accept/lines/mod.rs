use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http::{HeaderName, HeaderValue};

/// Field lines of an HTTP/1.1 answer as they go over the wire
/// ([RFC 9112 section 5](https://www.rfc-editor.org/rfc/rfc9112#section-5)).
///
/// What stands in every answer comes here prepared, in one piece, instead of line by line through a map. Whoever fills them in answers for
/// it that each line is one, and that none stands in the answer's headers as well.
#[derive(Debug, Default)]
pub struct FieldLines(Vec<u8>);

impl FieldLines {
    /// Lines that were made by [`line`](Self::line) before.
    pub(crate) fn prepared(&mut self, lines: &Self) {
        self.0.extend_from_slice(&lines.0);
    }

    /// One line.
    pub(crate) fn line(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.parts(name, &[value.as_bytes()]);
    }

    /// One line of our own text in parts, which holds no line end.
    pub(crate) fn parts(&mut self, name: &HeaderName, value: &[&[u8]]) {
        self.0.extend_from_slice(name.as_str().as_bytes());
        self.0.extend_from_slice(b": ");
        for part in value {
            self.0.extend_from_slice(part);
        }
        self.0.extend_from_slice(b"\r\n");
    }

    #[cfg(test)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Brings the lines of an answer from its request to where the connection is written: they go into the head that hyper writes next.
///
/// hyper asks for an answer when nothing of the body before it is left, and writes its head at once. A head of a client that
/// takes nothing may still wait, though: then the next request does, too.
#[derive(Debug, Default)]
pub(in crate::accept) struct Handover(Mutex<Place>);

#[derive(Debug, Default)]
struct Place {
    lines: FieldLines,
    is_due: bool,
    waiting: Option<Waker>,
}

impl Handover {
    /// Empty lines for the next answer, once the last one's are written.
    pub(in crate::accept) fn poll_empty(&self, context: &Context<'_>) -> Poll<FieldLines> {
        let mut place = self.place();
        if place.is_due {
            place.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut lines = std::mem::take(&mut place.lines);
        lines.0.clear();
        Poll::Ready(lines)
    }

    /// These go into the next head.
    pub(in crate::accept) fn announce(&self, lines: FieldLines) {
        let mut place = self.place();
        place.is_due = !lines.0.is_empty();
        place.lines = lines;
    }

    /// Hands over the lines that are due; whether there were any.
    pub(in crate::accept) fn take(&self, write: impl FnOnce(&[u8])) -> bool {
        let mut place = self.place();
        if !place.is_due {
            return false;
        }
        write(&place.lines.0);
        place.is_due = false;
        let waiting = place.waiting.take();
        drop(place);
        if let Some(waker) = waiting {
            waker.wake();
        }
        true
    }

    /// Gives the memory back: nothing is expected soon.
    pub(in crate::accept) fn relax(&self) {
        let mut place = self.place();
        if !place.is_due {
            place.lines = FieldLines::default();
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
