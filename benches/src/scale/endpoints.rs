use super::{Growth, Measure, Point, Unit, asking, cpu, memory, milliseconds};
use crate::Result;
use crate::measure::{Effort, spread};
use crate::peers::Ground;

/// More endpoints in one application.
pub(super) fn grow(ground: &Ground, counts: &[u64], effort: Effort) -> Result<Growth> {
    let points = counts.iter().map(|&count| point(ground, count, effort)).collect::<Result<_>>()?;
    Ok(Growth {
        name: "endpoints",
        title: "Endpoints",
        counted: "endpoints",
        text: "An application of nothing but so many endpoints ([`benches/src/bin/many.rs`](../benches/src/bin/many.rs)), started five \
               times; the one that is asked was mounted last."
            .to_owned(),
        measures: vec![
            Measure { title: "a request", unit: Unit::Cpu },
            Measure { title: "start to first answer", unit: Unit::Wait },
            Measure { title: "resident after the requests", unit: Unit::Memory },
        ],
        points,
    })
}

fn point(ground: &Ground, count: u64, effort: Effort) -> Result<Point> {
    let mut starts = Vec::new();
    for _ in 1..effort.rounds {
        starts.push(milliseconds(ground.many(count)?.started_in));
    }
    let server = ground.many(count)?;
    starts.push(milliseconds(server.started_in));
    let cpu = cpu(&server, &asking(&format!("/things-{count}/list"), None, "\"thing\"")?, effort)?;
    Ok(Point { count, values: vec![cpu, spread(&starts).0, memory(&server)?] })
}
