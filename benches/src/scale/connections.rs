use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Growth, Measure, Point, Unit, asking, cpu_over, memory};
use crate::Result;
use crate::client::{Connection, Request, Target, Transport};
use crate::measure::{self, Effort};
use crate::peers::{Ground, Peer, Server};

/// More connections that do nothing.
pub(super) fn idle(ground: &Ground, counts: &[u32], effort: Effort) -> Result<Growth> {
    enough_descriptors(counts.iter().max().copied().unwrap_or(0))?;
    let server = ground.start(
        Peer::Notes,
        true,
        &[("LIMITS__CONNECTIONS", "12000"), ("LIMITS__CONNECTIONS_FROM_LOOPBACK", "12000"), ("LIMITS__KEEP_ALIVE_SECONDS", "600")],
    )?;
    let target = server.target(Transport::Http1Tls);
    let (mut held, mut points) = (Vec::new(), vec![beside(&server, &target, 0, effort)?]);
    for &count in counts {
        held.extend(open(&target, count.saturating_sub(u32::try_from(held.len())?))?);
        points.push(beside(&server, &target, count, effort)?);
    }
    Ok(Growth {
        name: "idle",
        title: "Idle connections",
        counted: "idle connections",
        text: format!(
            "TLS 1.3 connections that have asked once and stay open: {} each. Meanwhile `GET /livez` on other connections, and at 200 a \
             second.",
            each(&points)?
        ),
        measures: measures(),
        points,
    })
}

/// More connections that never come to an end of their request.
pub(super) fn slow(ground: &Ground, counts: &[u32], effort: Effort) -> Result<Growth> {
    enough_descriptors(counts.iter().max().copied().unwrap_or(0))?;
    // Longer than the measurement, so that none of them is closed before its end.
    let server = ground.start(Peer::Notes, false, &[("LIMITS__HEADER_READ_SECONDS", "120")])?;
    let target = server.target(Transport::Http1);
    let mut points = Vec::new();
    for &count in counts {
        let dribble = Dribble::start(target.address, count)?;
        let point = beside(&server, &target, count, effort);
        dribble.end()?;
        points.push(point?);
    }
    Ok(Growth {
        name: "slow",
        title: "Slow connections",
        counted: "slow connections",
        text: format!(
            "HTTP/1.1 connections without TLS that send a byte of a header every quarter of a second: {} each; what their bytes cost is \
             in the cost of the requests. `limits.header_read_seconds` is raised for it: by default they would be closed after ten seconds.",
            each(&points)?
        ),
        measures: measures(),
        points,
    })
}

fn measures() -> Vec<Measure> {
    vec![
        Measure { title: "a request beside them", unit: Unit::Cpu },
        Measure { title: "p50 beside them", unit: Unit::Wait },
        Measure { title: "p99 beside them", unit: Unit::Wait },
        Measure { title: "resident", unit: Unit::Memory },
    ]
}

/// What a connection leaves resident, from none to the most.
fn each(points: &[Point]) -> Result<String> {
    let (first, last) = (points.first().ok_or("no points")?, points.last().ok_or("no points")?);
    let resident = |point: &Point| point.values.last().copied().unwrap_or(0.0) * 1024.0;
    let kibibytes = (resident(last) - resident(first)) / f64::from(u32::try_from(last.count)?);
    Ok(format!("{kibibytes:.1} KiB"))
}

/// What others notice of these connections.
fn beside(server: &Server, target: &Target, count: u32, effort: Effort) -> Result<Point> {
    let resident = memory(server)?;
    let livez = asking("/livez", None, "ok")?;
    let cpu = cpu_over(server, target, &livez, effort)?;
    let latency = measure::open_loop(server, target, &livez, 200, effort.slice * 10)?;
    let milliseconds = |microseconds: u64| Ok::<_, std::num::TryFromIntError>(f64::from(u32::try_from(microseconds)?) / 1000.0);
    Ok(Point { count: count.into(), values: vec![cpu, milliseconds(latency.p50)?, milliseconds(latency.p99)?, resident] })
}

/// Opens them on as many threads as the machine has cores; each asks once.
fn open(target: &Target, count: u32) -> Result<Vec<Connection>> {
    let threads = u32::try_from(thread::available_parallelism()?.get())?;
    let opening: Vec<_> = (0..threads)
        .map(|number| {
            let (target, share) = (target.clone(), count / threads + u32::from(number < count % threads));
            thread::spawn(move || {
                let livez = Request::new("GET", "/livez", None, None)?;
                (0..share).map(|_| measure::used(&target, &livez)).collect::<std::io::Result<Vec<_>>>()
            })
        })
        .collect();
    let mut connections = Vec::new();
    for thread in opening {
        connections.extend(thread.join().map_err(|_| "a client panicked")??);
    }
    Ok(connections)
}

/// Connections that send a byte now and then, until they are ended.
struct Dribble {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Dribble {
    fn start(address: SocketAddr, count: u32) -> Result<Self> {
        let mut streams = (0..count).map(|_| TcpStream::connect(address)).collect::<std::io::Result<Vec<_>>>()?;
        for stream in &mut streams {
            stream.set_nodelay(true)?;
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-slow: ")?;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = thread::spawn(move || dribble(&mut streams, &seen));
        Ok(Self { is_over, thread })
    }

    /// Closes them; an error when the server had closed one.
    fn end(self) -> Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "a client panicked")??)
    }
}

fn dribble(streams: &mut [TcpStream], is_over: &AtomicBool) -> std::io::Result<()> {
    for _ in 0..MOST_BYTES {
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        for stream in &mut *streams {
            stream.write_all(b"a")?;
        }
        thread::sleep(BETWEEN);
    }
    Ok(())
}

/// Both sides need a descriptor for each connection.
fn enough_descriptors(connections: u32) -> Result<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<u32>().ok());
    let needed = connections + 200;
    match most {
        Some(most) if most < needed => {
            Err(format!("{connections} connections need {needed} open files: raise them with `ulimit -n`").into())
        }
        _ => Ok(()),
    }
}

const BETWEEN: Duration = Duration::from_millis(250);
/// Less than the server takes as a header.
const MOST_BYTES: u32 = 400;
