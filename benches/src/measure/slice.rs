use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cases::Prepared;
use crate::client::{Connection, Target};
use crate::peers::Server;

/// Many requests of one kind, all answered rightly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    /// The server's time for one request, in microseconds.
    pub(crate) cpu: f64,
    /// How many a second.
    pub(crate) rate: f64,
}

/// Sends about `requests` requests over kept-alive connections, each connection as fast as it is answered.
pub(crate) fn drive(server: &Server, target: &Target, prepared: &Prepared, requests: u32) -> Result<Slice> {
    let each = requests.div_ceil(CONNECTIONS);
    let mut connections = (0..CONNECTIONS).map(|_| Connection::open(target)).collect::<std::io::Result<Vec<_>>>()?;
    // The first request of a connection pays for its setting up.
    for connection in &mut connections {
        prepared.send(connection).map_err(|error| format!("{}: {error}", server.peer.title()))?;
    }
    let (before, began) = (server.process.spent()?, Instant::now());
    let threads: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let (prepared, target) = (prepared.clone(), target.clone());
            thread::spawn(move || {
                for _ in 0..each {
                    if prepared.is_alone {
                        connection = Connection::open(&target)?;
                    }
                    prepared.send(&mut connection)?;
                }
                Ok::<_, std::io::Error>(connection)
            })
        })
        .collect();
    let joined: Vec<_> = threads.into_iter().map(thread::JoinHandle::join).collect();
    let (took, spent) = (began.elapsed(), server.process.spent()?.since(&before));
    for result in joined {
        result.map_err(|_| "a client panicked")?.map_err(|error| format!("{}: {error}", server.peer.title()))?;
    }
    server.count_answers(u64::from((each + 1) * CONNECTIONS));
    let count = f64::from(each * CONNECTIONS);
    Ok(Slice { cpu: spent.as_secs_f64() * 1e6 / count, rate: count / took.as_secs_f64() })
}

/// How many requests fill `time`, judged by a first slice.
pub(crate) fn fit(server: &Server, target: &Target, prepared: &Prepared, time: Duration) -> Result<u32> {
    let cold = drive(server, target, prepared, 100)?;
    let slice = drive(server, target, prepared, if cold.rate > 2000.0 { 2000 } else { 100 })?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let requests = (slice.rate * time.as_secs_f64()).clamp(80.0, 100_000.0) as u32;
    Ok(requests)
}

pub(crate) const CONNECTIONS: u32 = 8;
