use std::time::Duration;

use serde::Serialize;

use super::slice::{Slice, drive, fit};
use super::spread;
use crate::Result;
use crate::cases::{Case, Known};
use crate::client::Transport;
use crate::peers::{Peer, Server};

/// What a kind of request cost one server, and what it cost of the floor's.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) peer: &'static str,
    /// Microseconds of CPU a request, in the middle of the rounds.
    pub(crate) cpu: f64,
    /// Requests a second, in the middle of the rounds.
    pub(crate) rate: f64,
    /// Of the bare server's cost in the same round; for bare itself its second slice of its first, the noise.
    pub(crate) ratio: Option<Ratio>,
    /// Of the cost by hand in the same round.
    pub(crate) of_by_hand: Option<Ratio>,
    /// To bare axum with the headers of notes.
    pub(crate) of_headers: Option<Ratio>,
}

/// A ratio, taken round by round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Ratio {
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let (median, least, most) = spread(values);
        (!values.is_empty()).then_some(Self { median, least, most })
    }
}

/// How much a measurement takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) slice: Duration,
}

/// The servers answer in turns, so that a noisy machine disturbs all alike; bare has two turns a round.
pub(crate) fn rounds(case: &Case, servers: &[(Server, Known)], transport: Transport, effort: Effort) -> Result<Vec<Cost>> {
    let mut turns = Vec::new();
    for (server, known) in servers.iter().filter(|(server, _)| server.peer.speaks(transport)) {
        let (target, prepared) = (server.target(transport), case.prepare(known)?);
        let requests = fit(server, &target, &prepared, effort.slice)?;
        turns.push((server, target, prepared, requests));
    }
    let mut slices: Vec<Vec<Slice>> = vec![Vec::new(); turns.len()];
    let mut again = Vec::new();
    for _ in 0..effort.rounds {
        for ((server, target, prepared, requests), slices) in turns.iter().zip(&mut slices) {
            slices.push(drive(server, target, prepared, *requests)?);
        }
        if let Some((server, target, prepared, requests)) = turns.iter().find(|turn| turn.0.peer == Peer::Bare) {
            again.push(drive(server, target, prepared, *requests)?.cpu);
        }
    }
    let cpu_of = |peer: Peer| turns.iter().zip(&slices).find(|(turn, _)| turn.0.peer == peer).map(|(_, slices)| costs(slices));
    let (first, by_hand, headers) = (cpu_of(Peer::Bare), cpu_of(Peer::ByHand), cpu_of(Peer::Headers));
    let floor = first.as_ref().map(|first| pairs(first, &again, f64::midpoint));
    let of = |cpu: &[f64], base: Option<&Vec<f64>>| base.and_then(|base| Ratio::of(&pairs(cpu, base, |cost, base| cost / base)));
    Ok(turns
        .iter()
        .zip(&slices)
        .map(|((server, ..), slices)| {
            let cpu = costs(slices);
            let is_floor = server.peer == Peer::Bare;
            let ratio = if is_floor { of(&again, Some(&cpu)) } else { of(&cpu, floor.as_ref()) };
            let of_peer = |base: Option<&Vec<f64>>| if server.peer == Peer::Notes { of(&cpu, base) } else { None };
            let (of_by_hand, of_headers) = (of_peer(by_hand.as_ref()), of_peer(headers.as_ref()));
            let rates: Vec<f64> = slices.iter().map(|slice| slice.rate).collect();
            Cost { peer: server.peer.name(), cpu: spread(&cpu).0, rate: spread(&rates).0, ratio, of_by_hand, of_headers }
        })
        .collect())
}

/// What refusing costs notes, beside serving: the two take turns. The ratio is refused by served.
pub(crate) fn refusing(refused: (&Server, &Case), served: (&Server, &Case), known: &Known, effort: Effort) -> Result<[Cost; 2]> {
    let mut turns = Vec::new();
    for (server, case) in [refused, served] {
        let (target, prepared) = (server.target(Transport::Http1), case.prepare(known)?);
        let requests = fit(server, &target, &prepared, effort.slice)?;
        turns.push((server, target, prepared, requests, Vec::new()));
    }
    for _ in 0..effort.rounds {
        for (server, target, prepared, requests, slices) in &mut turns {
            slices.push(drive(server, target, prepared, *requests)?);
        }
    }
    let served: Vec<f64> = turns.last().map(|turn| costs(&turn.4)).unwrap_or_default();
    let cost = |slices: &[Slice]| {
        let (cpu, rates) = (costs(slices), slices.iter().map(|slice| slice.rate).collect::<Vec<_>>());
        let ratio = Ratio::of(&pairs(&cpu, &served, |cost, base| cost / base));
        Cost { peer: Peer::Notes.name(), cpu: spread(&cpu).0, rate: spread(&rates).0, ratio, of_by_hand: None, of_headers: None }
    };
    let [refused, served] = turns.as_slice() else { return Err("two turns".into()) };
    Ok([cost(&refused.4), cost(&served.4)])
}

fn costs(slices: &[Slice]) -> Vec<f64> {
    slices.iter().map(|slice| slice.cpu).collect()
}

fn pairs(left: &[f64], right: &[f64], join: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    left.iter().zip(right).map(|(left, right)| join(*left, *right)).collect()
}
