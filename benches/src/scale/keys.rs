use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use super::{Growth, Measure, Point, Unit, memory};
use crate::Result;
use crate::client::{Http1, Transport};
use crate::peers::{Ground, Peer, Server};
use crate::report::grouped;

/// More addresses than the rate limits can tell apart.
pub(super) fn grow(ground: &Ground, counts: &[u64]) -> Result<Growth> {
    // A key is kept for seven seconds after its request: the table fills up, and addresses have to share.
    let server = ground.start(Peer::Notes, false, &[("RATE_LIMIT__DEFAULT", "500/h"), ("LOG__REQUESTS", "false")])?;
    let (mut points, mut asked, began) = (Vec::new(), 0, Instant::now());
    let mut text = "`GET /livez` behind a trusted proxy, each request from another address (`X-Forwarded-For`), 32 at a time on each of \
                    four connections, without a log. The limit is 500 an hour, so that keys stay. Up to 131,072 addresses have a bucket of \
                    their own; the others share 65,536 buckets, so that memory ends where it ends however many addresses come."
        .to_owned();
    for &count in counts {
        if began.elapsed() > LONGEST {
            let _ =
                write!(text, " Stopped at {} after {} s: this machine was too slow for more.", grouped(asked), began.elapsed().as_secs());
            break;
        }
        let before = server.process.spent()?;
        ask(&server, asked, count)?;
        let spent = server.process.spent()?.since(&before);
        let requests = f64::from(u32::try_from(count - asked)?);
        points.push(Point { count, values: vec![spent.as_secs_f64() * 1e6 / requests, memory(&server)?] });
        asked = count;
    }
    Ok(Growth {
        name: "keys",
        title: "Rate-limit keys",
        counted: "addresses so far",
        text,
        measures: vec![
            Measure { title: "a request since the last row", unit: Unit::Cpu },
            Measure { title: "resident", unit: Unit::Memory },
        ],
        points,
    })
}

/// Asks once from each address of this range.
fn ask(server: &Server, from: u64, to: u64) -> Result<()> {
    let (first, end) = (u32::try_from(from)?, u32::try_from(to)?);
    let address = server.target(Transport::Http1).address;
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            thread::spawn(move || -> std::io::Result<()> {
                let mut connection = Http1::plain(address)?;
                let mut batches = (first + thread * BATCH..end).step_by((THREADS * BATCH) as usize);
                batches.try_for_each(|batch| ask_together(&mut connection, batch..end.min(batch + BATCH)))
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a client panicked")??;
    }
    Ok(())
}

/// Sends all requests before the first answer is read.
fn ask_together(connection: &mut Http1, numbers: Range<u32>) -> std::io::Result<()> {
    let mut requests = String::new();
    for number in numbers.clone() {
        let client = Ipv4Addr::from_bits(FIRST_ADDRESS + number);
        let _ = write!(requests, "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n\r\n");
    }
    connection.send(requests.as_bytes())?;
    for number in numbers {
        let (status, body) = connection.receive()?;
        if (status, body) != (200, b"ok\n") {
            return Err(std::io::Error::other(format!("address {number} was answered {status}")));
        }
    }
    Ok(())
}

const THREADS: u32 = 4;
const BATCH: u32 = 32;
/// 11.0.0.0: no trusted proxy is there.
const FIRST_ADDRESS: u32 = 11 << 24;
/// No further step begins after this time.
const LONGEST: Duration = Duration::from_secs(90);
