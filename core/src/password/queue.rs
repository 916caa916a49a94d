use std::collections::{HashMap, VecDeque};

/// A bounded queue that serves clients in turn, so that one client with many requests does not hold up the others.
pub(super) struct FairQueue<Job> {
    waiting: HashMap<u128, VecDeque<Job>>,
    turns: VecDeque<u128>,
    len: usize,
    capacity: usize,
    per_client: usize,
}

impl<Job> FairQueue<Job> {
    /// A queue for this many jobs in total and for each client.
    pub(super) fn new(capacity: usize, per_client: usize) -> Self {
        Self { waiting: HashMap::new(), turns: VecDeque::new(), len: 0, capacity, per_client }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a job at the end of its client's line; gives it back when there is no room.
    pub(super) fn push(&mut self, client: u128, job: Job) -> Result<(), Job> {
        if self.len >= self.capacity {
            return Err(job);
        }
        let line = self.waiting.entry(client).or_default();
        if line.len() >= self.per_client {
            return Err(job);
        }
        if line.is_empty() {
            self.turns.push_back(client);
        }
        line.push_back(job);
        self.len += 1;
        Ok(())
    }

    /// The first job of the client whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let client = self.turns.pop_front()?;
        let line = self.waiting.get_mut(&client)?;
        let job = line.pop_front();
        if line.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        self.len -= usize::from(job.is_some());
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_served_in_turn_and_each_in_order() {
        let mut queue = FairQueue::new(10, 5);
        for number in 0..5 {
            queue.push(1, (1, number)).unwrap();
        }
        queue.push(2, (2, 0)).unwrap();
        queue.push(3, (3, 0)).unwrap();
        let order: Vec<(u8, u8)> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(1, 0), (2, 0), (3, 0), (1, 1), (1, 2), (1, 3), (1, 4)]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_queue_is_bounded_in_total_and_for_each_client() {
        let mut queue = FairQueue::new(4, 2);
        assert!(queue.push(1, 'a').is_ok() && queue.push(1, 'b').is_ok());
        assert_eq!(queue.push(1, 'c'), Err('c'));
        assert!(queue.push(2, 'd').is_ok() && queue.push(3, 'e').is_ok());
        assert_eq!(queue.push(4, 'f'), Err('f'));
        assert_eq!(queue.pop(), Some('a'));
        assert!(queue.push(4, 'f').is_ok());
    }
}
