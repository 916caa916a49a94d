use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::client::connect_tls;
use crate::peers::{Ground, Peer, Server};

/// A server's beginning and its size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) peer: &'static str,
    /// From the start of the process to the first right answer, in milliseconds, in the middle of some starts.
    pub(crate) milliseconds: u64,
    /// Resident after the first answer, in KiB.
    pub(crate) idle: u64,
    /// Resident after everything was measured, in KiB.
    pub(crate) after: u64,
    /// The most that was ever resident, in KiB.
    pub(crate) peak: u64,
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
    Ok(Start { peer: peer.name(), milliseconds, idle: idle.get(times / 2).copied().unwrap_or(0), after: 0, peak: 0 })
}

/// What one idle TLS connection leaves resident in the server, in bytes.
pub(crate) fn idle_connections(server: &Server, count: u32) -> Result<f64> {
    let target = server.target(crate::client::Transport::Http1Tls);
    // What the first connections make once is not theirs.
    let open = |count: u32| (0..count).map(|_| connect_tls(target.address, &target.trust)).collect::<std::io::Result<Vec<_>>>();
    let warm = open(50)?;
    let before = server.process.memory()?;
    let connections = open(count)?;
    let after = server.process.memory()?;
    drop((warm, connections));
    let grown = u32::try_from(after.saturating_sub(before))?;
    Ok(f64::from(grown) * 1024.0 / f64::from(count))
}
