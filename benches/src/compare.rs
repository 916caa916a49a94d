//! One run: every server, every transport, every kind of request.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Result;
use crate::cases::{Case, Known, REFUSED, SERVED, long_address};
use crate::client::Transport;
use crate::measure::{self, Beside, Cost, Latency, LogIns, Pages, Start, Storm};
use crate::options::{IDLE, LOG_INS, LONG_ADDRESSES, Options, REFUSALS, START};
use crate::peers::{Ground, Peer, Server};
use crate::rows;

/// Everything that a run found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Found {
    pub(crate) served: Vec<Section>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) log_ins: Vec<LogIns>,
    pub(crate) storms: Vec<Storm>,
    pub(crate) long_addresses: Vec<Beside>,
    pub(crate) starts: Vec<Start>,
    /// Bytes that an idle TLS connection keeps resident, by server.
    pub(crate) idle_tls: BTreeMap<&'static str, f64>,
    /// Bytes of the programs.
    pub(crate) binaries: BTreeMap<&'static str, u64>,
}

/// What was asked over one transport.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) transport: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// One kind of request.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) case: &'static str,
    pub(crate) title: &'static str,
    pub(crate) target: f64,
    pub(crate) costs: Vec<Cost>,
    pub(crate) latencies: BTreeMap<&'static str, Latency>,
}

/// One kind of refusal, and serving the same endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    pub(crate) case: &'static str,
    pub(crate) title: &'static str,
    pub(crate) served: &'static str,
    pub(crate) costs: [Cost; 2],
}

pub(crate) fn compare(ground: &Ground, options: &Options) -> Result<Found> {
    let (peers, cases) = (options.peers(), options.cases());
    let mut found = Found::default();
    for name in ["notes", "portcullis", "bare", "by-hand"] {
        if let Ok(file) = fs::metadata(ground.program(name)) {
            found.binaries.insert(name, file.len());
        }
    }
    if options.wants(START) {
        let times = if options.quick { 1 } else { 5 };
        found.starts = peers.iter().map(|&peer| measure::start(ground, peer, times)).collect::<Result<_>>()?;
    }
    for is_tls in [false, true] {
        let transports: Vec<Transport> = options.transports().into_iter().filter(|transport| transport.is_tls() == is_tls).collect();
        let has_rest =
            if is_tls { options.wants(IDLE) } else { [REFUSALS, LOG_INS, LONG_ADDRESSES].iter().any(|part| options.wants(part)) };
        if transports.is_empty() || (cases.is_empty() && !has_rest) {
            continue;
        }
        let mut servers = Vec::new();
        for &peer in &peers {
            let server = ground.start(peer, is_tls, &[])?;
            let known = Known::learn(peer, &server.target(if is_tls { Transport::Http1Tls } else { Transport::Http1 }))?;
            servers.push((server, known));
        }
        for &transport in &transports {
            let lines = cases.iter().map(|case| served(case, &servers, transport, options)).collect::<Result<_>>()?;
            found.served.push(Section { transport: transport.title(), lines });
        }
        if is_tls && options.wants(IDLE) {
            for (server, _) in &servers {
                found.idle_tls.insert(server.peer.name(), measure::idle_connections(ground, server.peer)?);
            }
        }
        if !is_tls
            && options.wants(REFUSALS)
            && let Some((server, known)) = servers.iter().find(|(server, _)| server.peer == Peer::Notes)
        {
            found.refused = refused(ground, server, known, options)?;
        }
        if !is_tls
            && options.wants(LONG_ADDRESSES)
            && let Some((server, known)) = servers.iter().find(|(server, _)| server.peer == Peer::Notes)
            && let Some(livez) = SERVED.first()
        {
            eprintln!("{LONG_ADDRESSES}");
            found.long_addresses.push(measure::beside(server, &livez.prepare(known)?, &long_address(known)?, options.watch() * 3)?);
        }
        if !is_tls && options.wants(LOG_INS) {
            log_ins(ground, &servers, options, &mut found)?;
        }
    }
    Ok(found)
}

/// Measures one kind of request, and counts what the servers must have written for it.
fn served(case: &Case, servers: &[(Server, Known)], transport: Transport, options: &Options) -> Result<Line> {
    eprintln!("{}, {}", case.name, transport.title());
    let speaking = || servers.iter().filter(|(server, _)| server.peer.speaks(transport));
    let before = speaking().map(|(server, _)| Written::of(server)).collect::<Result<Vec<_>>>()?;
    let costs = measure::rounds(case, servers, transport, options.effort())?;
    let mut latencies = BTreeMap::new();
    for (server, known) in speaking() {
        let latency = measure::open_loop(server, &server.target(transport), &case.prepare(known)?, RATE, options.watch())?;
        latencies.insert(server.peer.name(), latency);
    }
    for ((server, _), before) in speaking().zip(before) {
        before.check(server, case)?;
    }
    Ok(Line { case: case.name, title: case.title, target: case.target, costs, latencies })
}

/// What a server had answered and written at one moment.
struct Written {
    answers: u64,
    rows: u64,
    lines: u64,
}

impl Written {
    fn of(server: &Server) -> Result<Self> {
        Ok(Self { answers: server.answers.get(), rows: rows::count(server)?, lines: server.log_lines()? })
    }

    /// Every answer has its line, where lines are written, and every note its row.
    fn check(&self, server: &Server, case: &Case) -> Result<()> {
        let answers = server.answers.get() - self.answers;
        let rows = rows::count(server)? - self.rows;
        let expected = if case.writes() { answers } else { 0 };
        if rows != expected {
            return Err(format!("{}: {answers} answers to {} left {rows} rows", server.peer.title(), case.name).into());
        }
        // Lines are written in batches, and some lines may stand for something else.
        let deadline = Instant::now() + Duration::from_secs(10);
        while server.peer.has_security() && server.log_lines()? - self.lines < answers {
            if Instant::now() > deadline {
                return Err(
                    format!("{}: {answers} answers to {} left {} lines", server.peer.title(), case.name, server.log_lines()?).into()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// What notes turns away, beside what it serves.
fn refused(ground: &Ground, server: &Server, known: &Known, options: &Options) -> Result<Vec<Refusal>> {
    let mut lines = Vec::new();
    for (case, served) in &REFUSED {
        eprintln!("{}", case.name);
        // Of its own server, so that the limits of the others stay out of reach.
        let limited = if case.name == "429" { Some(ground.start(Peer::Notes, false, &[("RATE_LIMIT__DEFAULT", "1/h")])?) } else { None };
        let costs = measure::refusing((limited.as_ref().unwrap_or(server), case), (server, served), known, options.effort())?;
        lines.push(Refusal { case: case.name, title: case.title, served: served.title, costs });
    }
    Ok(lines)
}

/// Log-ins a second, beside the library alone; then the storm.
fn log_ins(ground: &Ground, servers: &[(Server, Known)], options: &Options, found: &mut Found) -> Result<()> {
    let rounds = if options.quick { 1 } else { 7 };
    let secure = || servers.iter().filter(|(server, _)| server.peer.has_security());
    for (server, _) in servers {
        if let Some(start) = found.starts.iter_mut().find(|start| start.peer == server.peer.name()) {
            (start.after, start.answers) = (server.process.memory()?, server.answers.get());
        }
    }
    let (mut library, mut large) = (vec![measure::library(ground, options.watch(), Pages::AsGiven)?], Vec::new());
    let mut rates: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for (server, _) in secure() {
            let rate = measure::log_ins(&server.target(Transport::Http1), 16, options.watch())?;
            rates.entry(server.peer.name()).or_default().push(rate);
        }
        large.push(measure::library(ground, options.watch(), Pages::Large)?);
        library.push(measure::library(ground, options.watch(), Pages::AsGiven)?);
    }
    // What was measured between two turns of the library is held against both.
    let around: Vec<f64> = library.windows(2).map(|both| both.iter().sum::<f64>() / 2.0).collect();
    found.log_ins = vec![LogIns::of(LIBRARY, &around, &around), LogIns::of(LIBRARY_LARGE, &large, &around)];
    found.log_ins.extend(rates.into_iter().map(|(peer, rates)| LogIns::of(peer, &rates, &around)));
    let Some(livez) = SERVED.first() else { return Ok(()) };
    for (server, known) in secure() {
        found.storms.push(measure::storm(server, &livez.prepare(known)?, options.watch() * 3)?);
    }
    // So long after it, what it took is given back, or never.
    std::thread::sleep(if options.quick { Duration::ZERO } else { Duration::from_secs(8) });
    for ((server, _), storm) in secure().zip(&mut found.storms) {
        storm.rested = server.process.memory()?;
    }
    Ok(())
}

const LIBRARY: &str = "Argon2id library";
const LIBRARY_LARGE: &str = "Argon2id library, in large pages";
/// Requests a second of the load that doesn't wait for answers: what the slowest server can bear.
const RATE: u32 = 200;
