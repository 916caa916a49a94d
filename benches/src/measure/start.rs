use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::client::{Connection, Request, Target, Transport};
use crate::peers::{Ground, Peer};

/// A server's beginning and its size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) peer: &'static str,
    /// From the start of the process to the first right answer, in milliseconds, in the middle of some starts.
    pub(crate) milliseconds: u64,
    /// Resident after the first answer, in KiB.
    pub(crate) idle: u64,
    /// Resident after the requests, in KiB.
    pub(crate) after: u64,
    /// How many requests those were.
    pub(crate) answers: u64,
}

/// Starts a server some times.
pub(crate) fn start(ground: &Ground, peer: Peer, times: usize) -> Result<Start> {
    let (mut took, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let server = ground.start(peer, false, &[])?;
        took.push(server.started_in);
        idle.push(server.process.memory()?);
    }
    took.sort_unstable();
    idle.sort_unstable();
    let middle = |values: &[Duration]| values.get(times / 2).copied().unwrap_or_default().as_millis();
    let milliseconds = u64::try_from(middle(&took))?;
    Ok(Start { peer: peer.name(), milliseconds, idle: idle.get(times / 2).copied().unwrap_or(0), after: 0, answers: 0 })
}

/// What one idle TLS connection leaves resident in a server, in bytes.
///
/// The server is a new one: what another measurement had given back to the allocator would hold the connections at no cost. There are
/// many of them, so that the pages that the allocator takes at a time don't matter; each has made its handshake and asked once.
pub(crate) fn idle_connections(ground: &Ground, peer: Peer) -> Result<f64> {
    let server = ground.start(peer, true, &[])?;
    let target = server.target(Transport::Http1Tls);
    let livez = Request::new("GET", "/livez", None, None)?;
    let open = |count: u32| (0..count).map(|_| used(&target, &livez)).collect::<std::io::Result<Vec<_>>>();
    // What the first connections make once is not theirs.
    let warm = open(50)?;
    let before = server.process.memory()?;
    let connections = open(IDLE)?;
    // Idle is who has asked nothing for a while.
    std::thread::sleep(Duration::from_secs(1));
    let after = server.process.memory()?;
    drop((warm, connections));
    let grown = u32::try_from(after.saturating_sub(before))?;
    Ok(f64::from(grown) * 1024.0 / f64::from(IDLE))
}

/// A connection that has asked once.
pub(crate) fn used(target: &Target, request: &Request) -> std::io::Result<Connection> {
    let mut connection = Connection::open(target)?;
    match connection.exchange(request)?.0 {
        200 => Ok(connection),
        status => Err(std::io::Error::other(format!("answered {status}"))),
    }
}

const IDLE: u32 = 4000;
