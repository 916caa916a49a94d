use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;

use super::pace::{Pace, Patience};

/// The short answers of an HTTP/2 connection whose bytes wait, grouped by when they were handed over.
///
/// A short answer ends with the part that holds it, so nothing is left that could reset its stream: the connection ends instead. Nothing is
/// allocated or locked for it. An answer joins the open batch, and the least rate holds for each closed batch as for one answer: answers
/// that come later can't speed up an earlier batch.
#[derive(Debug, Default)]
pub(super) struct Batches {
    open: AtomicUsize,
    batches: [Batch; MOST],
}

#[derive(Debug, Default)]
struct Batch {
    waiting: AtomicUsize,
    taken: AtomicUsize,
}

impl Batches {
    /// An answer's bytes join the open batch; its number.
    pub(super) fn join(&self, bytes: usize) -> usize {
        let number = self.open.load(Ordering::Relaxed);
        if let Some(batch) = self.batches.get(number) {
            batch.waiting.fetch_add(bytes, Ordering::Relaxed);
        }
        number
    }

    /// So many bytes of a batch are written.
    pub(super) fn took(&self, number: usize, bytes: usize) {
        if let Some(batch) = self.batches.get(number) {
            batch.taken.fetch_add(bytes, Ordering::Relaxed);
            batch.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// So many bytes of a batch will never be written.
    pub(super) fn discard(&self, number: usize, bytes: usize) {
        if let Some(batch) = self.batches.get(number) {
            batch.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// Looks after the batches of one connection, at its own intervals.
#[derive(Debug)]
pub(super) struct BatchWatch {
    pace: Pace,
    seen: [(Patience, usize); MOST],
}

impl BatchWatch {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, seen: [(Patience::new(pace), 0); MOST] }
    }

    /// Closes the open batch if it has bytes; `false` when the client takes a closed one too slowly, or when all are in use.
    pub(super) fn look(&mut self, batches: &Batches, now: Instant) -> bool {
        let open = batches.open.load(Ordering::Relaxed);
        let mut empty = None;
        for (number, ((patience, before), batch)) in self.seen.iter_mut().zip(&batches.batches).enumerate() {
            let taken = batch.taken.load(Ordering::Relaxed);
            let fresh = taken.wrapping_sub(std::mem::replace(before, taken));
            let is_waiting = batch.waiting.load(Ordering::Relaxed) > 0;
            if !is_waiting {
                *patience = Patience::new(self.pace);
                if number != open {
                    empty = Some(number);
                }
            } else if number != open {
                patience.took(fresh, now);
                if patience.deadline().is_some_and(|deadline| deadline <= now) {
                    return false;
                }
            } else {
                patience.start(now);
            }
        }
        let is_open_in_use = self.seen.get(open).is_some_and(|(patience, _)| patience.is_waiting());
        match empty {
            _ if !is_open_in_use => true,
            Some(empty) => {
                batches.open.store(empty, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }
}

/// A batch stays open for a quarter of the window, and lives for a window if nothing of it is taken.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::accept::LimitsSettings;

    struct Connection {
        batches: Batches,
        watch: BatchWatch,
        now: Instant,
    }

    impl Connection {
        fn new() -> Self {
            let pace = Pace::new(&LimitsSettings::default().limits().unwrap());
            Self { batches: Batches::default(), watch: BatchWatch::new(pace), now: Instant::now() }
        }

        /// A quarter of the window goes by.
        fn quarter(&mut self) -> bool {
            self.now += Duration::from_millis(7500);
            self.watch.look(&self.batches, self.now)
        }

        /// How many quarters it lasts, of forty, if this happens in each.
        fn lasts(&mut self, mut each: impl FnMut(&Batches)) -> usize {
            let quarters = (0..40).take_while(|_| {
                each(&self.batches);
                self.quarter()
            });
            quarters.count()
        }
    }

    #[test]
    fn trivial_answers_do_not_excuse_one_that_nobody_takes() {
        let mut connection = Connection::new();
        connection.batches.join(16_000);
        let quarters = connection.lasts(|batches| {
            for _ in 0..1000 {
                let number = batches.join(16_000);
                batches.took(number, 16_000);
            }
        });
        assert_eq!(quarters, 4, "closed after a quarter, over after a window more");
    }

    #[test]
    fn a_slow_client_that_keeps_the_pace_goes_on() {
        let mut connection = Connection::new();
        let mut waiting = std::collections::VecDeque::new();
        let quarters = connection.lasts(|batches| {
            waiting.push_back(batches.join(16_000));
            if waiting.len() > 3 {
                batches.took(waiting.pop_front().unwrap(), 16_000);
            }
        });
        assert_eq!(quarters, 40);
    }

    #[test]
    fn a_trickle_is_too_slow_and_what_is_dropped_counts_for_nothing() {
        // The time for the few bytes that were written takes it past the fourth look.
        for (is_written, lasts) in [(true, 5), (false, 4)] {
            let mut connection = Connection::new();
            let number = connection.batches.join(60_000);
            let quarters = connection.lasts(|batches| match is_written {
                true => batches.took(number, 7),
                false => batches.discard(number, 7000),
            });
            assert_eq!(quarters, lasts, "written: {is_written}");
        }
    }

    #[test]
    fn an_idle_connection_stays() {
        assert_eq!(Connection::new().lasts(|_| {}), 40);
    }
}
