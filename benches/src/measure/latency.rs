use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::percentile;
use super::slice::CONNECTIONS;
use crate::Result;
use crate::cases::Prepared;
use crate::client::{Connection, Target};
use crate::peers::Server;

/// How long answers took under a load that doesn't wait for them, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

impl Latency {
    pub(crate) fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self { p50: percentile(&values, 50), p99: percentile(&values, 99) }
    }
}

/// Asks at a fixed rate; an answer that comes late delays its successors on the same connection, and they count from when they were due.
pub(crate) fn open_loop(server: &Server, target: &Target, prepared: &Prepared, rate: u32, time: Duration) -> Result<Latency> {
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (target, prepared) = (target.clone(), prepared.clone());
            thread::spawn(move || one(&target, &prepared, number, rate, time))
        })
        .collect();
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| "a client panicked")??);
    }
    server.count_answers(u64::try_from(all.len())? + u64::from(CONNECTIONS));
    Ok(Latency::of(all))
}

fn one(target: &Target, prepared: &Prepared, number: u32, rate: u32, time: Duration) -> std::io::Result<Vec<u64>> {
    let mut connection = Connection::open(target)?;
    prepared.send(&mut connection)?;
    let step = Duration::from_secs(1) * CONNECTIONS / rate;
    let began = Instant::now();
    let mut due = step * number / CONNECTIONS;
    let mut taken = Vec::new();
    while due < time {
        let mut from = began + due;
        if let Some(rest) = from.checked_duration_since(Instant::now()) {
            thread::sleep(rest);
            // The client's own oversleeping is not the server's.
            from = Instant::now();
        }
        prepared.send(&mut connection)?;
        taken.push(u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX));
        due += step;
    }
    Ok(taken)
}
