use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http::{HeaderName, HeaderValue};

/// Field lines of an HTTP/1.1 answer as they go over the wire
/// ([RFC 9112 section 5](https://www.rfc-editor.org/rfc/rfc9112#section-5)).
///
/// What stands in every answer comes here prepared, in one piece, instead of line by line through a map. Whoever fills them in answers for
/// it that each line is one, and that none stands in the answer's headers as well.
///
/// The lines stand behind a gap, so that the status line, which hyper makes, can be put in front of them without moving them.
#[derive(Debug, Default)]
pub struct FieldLines(Vec<u8>);

impl FieldLines {
    /// Lines that were made by [`line`](Self::line) before.
    pub(crate) fn prepared(&mut self, lines: &Self) {
        self.with_gap(lines.0.len()).extend_from_slice(lines.as_bytes());
    }

    /// One line.
    pub(crate) fn line(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.parts(name, &[value.as_bytes()]);
    }

    /// One line of our own text in parts, which holds no line end.
    pub(crate) fn parts(&mut self, name: &HeaderName, value: &[&[u8]]) {
        let bytes = self.with_gap(0);
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        for part in value {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(b"\r\n");
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.get(GAP.len()..).unwrap_or_default()
    }

    /// The bytes with the gap in front, and room for so many more.
    fn with_gap(&mut self, room: usize) -> &mut Vec<u8> {
        if self.0.is_empty() {
            self.0.reserve(USUAL.max(room));
            self.0.extend_from_slice(&GAP);
        }
        &mut self.0
    }

    /// Makes a whole head of them: the status line comes in front, hyper's own lines behind. The bytes, and where they begin.
    pub(in crate::accept) fn complete(mut self, status: &[u8], rest: &[u8]) -> (Vec<u8>, usize) {
        let gap = GAP.len();
        let begin = match gap.checked_sub(status.len()) {
            Some(begin) => begin,
            // A reason phrase of some length.
            None => {
                self.0.splice(..0, std::iter::repeat_n(0, status.len() - gap));
                0
            }
        };
        if let Some(place) = self.0.get_mut(begin..begin + status.len()) {
            place.copy_from_slice(status);
        }
        self.0.extend_from_slice(rest);
        (self.0, begin)
    }
}

/// Room for nearly every status line.
const GAP: [u8; 48] = [0; 48];
/// What most heads fit in, with a short body.
const USUAL: usize = 2048;

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

    /// The lines that are due, if any are.
    pub(in crate::accept) fn take(&self) -> Option<FieldLines> {
        let mut place = self.place();
        if !place.is_due {
            return None;
        }
        place.is_due = false;
        let lines = std::mem::take(&mut place.lines);
        let waiting = place.waiting.take();
        drop(place);
        if let Some(waker) = waiting {
            waker.wake();
        }
        Some(lines)
    }

    /// Whether an answer's head is still to come.
    pub(in crate::accept) fn are_due(&self) -> bool {
        self.place().is_due
    }

    /// A buffer for the lines of a later answer; what stands in it is gone.
    pub(in crate::accept) fn give_back(&self, emptied: Vec<u8>) {
        let mut place = self.place();
        if !place.is_due && place.lines.0.capacity() < emptied.capacity() {
            place.lines = FieldLines(emptied);
        }
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
