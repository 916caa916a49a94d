//! How time and memory grow when there is more of everything: from outside, on the programs as they are shipped.

mod connections;
mod endpoints;
mod keys;
mod rows;

use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::cases::Prepared;
use crate::client::{Request, Target, Transport};
use crate::measure::{self, Effort};
use crate::peers::{Ground, Server};

/// What grew, and what grew with it.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    /// Part of the plots' file names.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What is counted, for the first column and the axis.
    pub(crate) counted: &'static str,
    /// How it was measured, and what there is to say about it.
    pub(crate) text: String,
    pub(crate) measures: Vec<Measure>,
    pub(crate) points: Vec<Point>,
}

/// One curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measure {
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
}

/// What a curve is in; the curves of one unit share a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// Microseconds of CPU.
    Cpu,
    /// Milliseconds of waiting.
    Wait,
    /// MiB resident.
    Memory,
}

/// The values of all measures at one number.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) count: u64,
    pub(crate) values: Vec<f64>,
}

impl Unit {
    pub(crate) const ALL: [Self; 3] = [Self::Cpu, Self::Wait, Self::Memory];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wait => "wait",
            Self::Memory => "memory",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU µs",
            Self::Wait => "ms",
            Self::Memory => "MiB",
        }
    }
}

/// Measures everything; `is_quick` only tries whether all of it works.
pub(crate) fn scale(ground: &Ground, is_quick: bool) -> Result<Vec<Growth>> {
    let effort = if is_quick { TRY } else { MEASURE };
    let part = |name: &str| eprintln!("{name}");
    part("endpoints");
    let endpoints = endpoints::grow(ground, if is_quick { &[10, 100] } else { &[10, 100, 1000] }, effort)?;
    part("idle connections");
    let idle = connections::idle(ground, if is_quick { &[50, 200] } else { &[1000, 3000, 10_000] }, effort)?;
    part("slow connections");
    let slow = connections::slow(ground, if is_quick { &[0, 50] } else { &[0, 100, 300, 1000] }, effort)?;
    let rows: &[u64] = if is_quick { &[100, 1000] } else { &[1000, 10_000, 100_000, 1_000_000] };
    part("users");
    let users = rows::users(ground, rows, effort)?;
    part("revoked sessions");
    let sessions = rows::revoked_sessions(ground, rows, effort)?;
    part("rate-limit keys");
    let keys = if is_quick { &[2000, 5000][..] } else { &[100_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000] };
    Ok(vec![keys::grow(ground, keys)?, sessions, users, idle, slow, endpoints])
}

/// A request that is answered 200 with this in it.
fn asking(path: &str, token: Option<&str>, holds: &'static str) -> Result<Prepared> {
    Ok(Prepared::new(Request::new("GET", path, token, None)?, holds))
}

/// Microseconds of CPU that a request takes on connections that are kept alive.
fn cpu(server: &Server, prepared: &Prepared, effort: Effort) -> Result<f64> {
    cpu_over(server, &server.target(Transport::Http1), prepared, effort)
}

fn cpu_over(server: &Server, target: &Target, prepared: &Prepared, effort: Effort) -> Result<f64> {
    let requests = measure::fit(server, target, prepared, effort.slice)?;
    let slices = (0..effort.rounds).map(|_| Ok(measure::drive(server, target, prepared, requests)?.cpu)).collect::<Result<Vec<_>>>()?;
    Ok(measure::spread(&slices).0)
}

/// MiB resident.
fn memory(server: &Server) -> Result<f64> {
    Ok(f64::from(u32::try_from(server.process.memory()?)?) / 1024.0)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

const MEASURE: Effort = Effort { rounds: 5, slice: Duration::from_millis(200) };
const TRY: Effort = Effort { rounds: 1, slice: Duration::from_millis(20) };
