use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::latency::{Latency, open_loop};
use crate::Result;
use crate::cases::Prepared;
use crate::client::{Connection, Request, Target, Transport};
use crate::peers::Server;

/// How a quiet client is answered beside clients whose requests are costly.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Beside {
    pub(crate) peer: &'static str,
    pub(crate) calm: Latency,
    pub(crate) beside: Latency,
    /// The median beside them, divided by the calm one.
    pub(crate) ratio: f64,
    /// How many of the costly requests were refused.
    pub(crate) refused: u32,
}

/// Asks as the quiet client does in calm, then while eight clients send the costly request, five times a second in all. Every one of those
/// must be refused.
pub(crate) fn beside(server: &Server, quiet: &Prepared, costly: &Request, time: Duration) -> Result<Beside> {
    let target = &server.target(Transport::Http1);
    let calm = open_loop(server, target, quiet, RATE, time)?;
    let (is_over, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (target, costly) = (target.clone(), costly.clone());
            let (is_over, refused) = (Arc::clone(&is_over), Arc::clone(&refused));
            let first = STEP * number / CLIENTS;
            thread::spawn(move || client(&target, &costly, first, (&is_over, &refused)).map_err(|error| error.to_string()))
        })
        .collect();
    let during = open_loop(server, target, quiet, RATE, time);
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().map_err(|_| "a client panicked")??;
    }
    let (beside, refused) = (during?, refused.load(Ordering::Relaxed));
    if refused == 0 {
        return Err("no costly request was answered".into());
    }
    server.count_answers(u64::from(refused));
    let ratio = beside.p50 as f64 / calm.p50.max(1) as f64;
    Ok(Beside { peer: server.peer.name(), calm, beside, ratio, refused })
}

fn client(target: &Target, costly: &Request, first: Duration, (is_over, refused): (&AtomicBool, &AtomicU32)) -> Result<()> {
    let (began, mut due) = (Instant::now(), first);
    while !is_over.load(Ordering::Relaxed) {
        if began.elapsed() < due {
            // Short rests, so that the end is noticed.
            thread::sleep(Duration::from_millis(5));
            continue;
        }
        let (status, body) = {
            let mut connection = Connection::open(target)?;
            let (status, body) = connection.exchange(costly)?;
            (status, String::from_utf8_lossy(body).into_owned())
        };
        if !matches!(status, 413 | 422) {
            return Err(format!("a costly request was answered {status}: {body}").into());
        }
        refused.fetch_add(1, Ordering::Relaxed);
        due += STEP;
    }
    Ok(())
}

const RATE: u32 = 100;
const CLIENTS: u32 = 8;
/// Between two requests of one client.
const STEP: Duration = Duration::from_millis(1600);
