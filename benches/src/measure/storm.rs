use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::latency::{Latency, open_loop};
use crate::Result;
use crate::cases::{Prepared, log_in};
use crate::client::{Connection, Target, Transport};
use crate::peers::Server;

/// How `/livez` is answered while many log in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Storm {
    pub(crate) peer: &'static str,
    pub(crate) calm: Latency,
    pub(crate) storm: Latency,
    /// How many log-ins were answered with each status.
    pub(crate) answers: BTreeMap<u16, u32>,
    /// The slowest hundredth of the refusals, in microseconds.
    pub(crate) refused_p99: Option<u64>,
    /// Resident right after it, in KiB.
    pub(crate) memory: u64,
    /// Resident after a rest, in KiB.
    pub(crate) rested: u64,
}

/// Asks for `/livez` in calm, then while 64 clients log in; a client that is refused tries again after 200 to 300 milliseconds, each
/// after a time of its own: they would come back all at once otherwise.
pub(crate) fn storm(server: &Server, livez: &Prepared, time: Duration) -> Result<Storm> {
    let target = &server.target(Transport::Http1);
    let calm = open_loop(server, target, livez, RATE, time)?;
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (target, is_over) = (target.clone(), Arc::clone(&is_over));
            let pause = Duration::from_millis(200) + Duration::from_millis(100) * number / CLIENTS;
            thread::spawn(move || client(&target, &is_over, pause).map_err(|error| error.to_string()))
        })
        .collect();
    let during = open_loop(server, target, livez, RATE, time);
    is_over.store(true, Ordering::Relaxed);
    let (mut answers, mut refusals) = (BTreeMap::new(), Vec::new());
    for client in clients {
        for (status, took) in client.join().map_err(|_| "a client panicked")?? {
            *answers.entry(status).or_default() += 1;
            if status != 200 {
                refusals.push(took);
            }
        }
    }
    let refused_p99 = (!refusals.is_empty()).then(|| Latency::of(refusals).p99);
    Ok(Storm { peer: server.peer.name(), calm, storm: during?, answers, refused_p99, memory: server.process.memory()?, rested: 0 })
}

fn client(target: &Target, is_over: &AtomicBool, pause: Duration) -> Result<Vec<(u16, u64)>> {
    let request = log_in()?;
    let mut connection = Connection::open(target)?;
    let mut answers = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (status, _) = connection.exchange(&request)?;
        answers.push((status, u64::try_from(began.elapsed().as_micros())?));
        if status != 200 {
            thread::sleep(pause);
        }
    }
    Ok(answers)
}

const RATE: u32 = 100;
const CLIENTS: u32 = 64;
