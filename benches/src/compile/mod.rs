//! How long the compiler checks a hundred endpoints: on plain axum, on axum with validation and schemas derived, and on Portcullis; and the
//! example application after an edit.

mod program;
mod workspace;

use std::fs;
use std::time::{Duration, Instant};

use crate::Result;
use crate::measure::{Ratio, spread};
use crate::peers::Ground;

use program::Kind;
use workspace::Workspace;

/// What was found.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// How many endpoints.
    pub(crate) endpoints: usize,
    pub(crate) rows: Vec<Row>,
    /// The example application after an edit.
    pub(crate) notes: Check,
}

/// A program of so many endpoints.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) whole: Check,
    pub(crate) edited: Check,
}

/// One `cargo check` of one crate, its dependencies checked before.
#[derive(Debug)]
pub(crate) struct Check {
    /// Seconds of CPU, the median.
    pub(crate) cpu: f64,
    /// Seconds by the clock, the median.
    pub(crate) elapsed: f64,
    /// To plain axum's, round by round.
    pub(crate) ratio: Option<Ratio>,
}

/// Measures in turns; `is_quick` only tries whether it works.
pub(crate) fn compile(ground: &Ground, is_quick: bool) -> Result<Compiled> {
    let (endpoints, rounds) = if is_quick { (4, 1) } else { (100, 9) };
    let workspace = Workspace::prepare(ground, endpoints)?;
    let mut wholes: Vec<Vec<Spent>> = vec![Vec::new(); Kind::ALL.len()];
    let mut edits = wholes.clone();
    let mut notes = Vec::new();
    for round in 1..=rounds {
        for (kind, (wholes, edits)) in Kind::ALL.iter().zip(wholes.iter_mut().zip(&mut edits)) {
            workspace.forget(kind.name())?;
            wholes.push(spent(|| workspace.check(kind.name()))?);
            workspace.write(*kind, endpoints, round)?;
            edits.push(spent(|| workspace.check(kind.name()))?);
        }
        workspace.edit_notes(round)?;
        notes.push(spent(|| workspace.check("notes"))?);
    }
    let rows = Kind::ALL.iter().zip(wholes.iter().zip(&edits)).map(|(kind, (whole, edited))| Row {
        title: kind.title(),
        whole: Check::of(whole, wholes.first()),
        edited: Check::of(edited, edits.first()),
    });
    Ok(Compiled { endpoints, rows: rows.collect(), notes: Check::of(&notes, None) })
}

/// What one check took.
#[derive(Clone, Copy, Debug)]
struct Spent {
    cpu: Duration,
    elapsed: Duration,
}

impl Check {
    fn of(rounds: &[Spent], plain: Option<&Vec<Spent>>) -> Self {
        let median = |value: fn(&Spent) -> Duration| spread(&rounds.iter().map(|spent| value(spent).as_secs_f64()).collect::<Vec<_>>()).0;
        let ratios = plain.map(|plain| {
            let pairs = rounds.iter().zip(plain);
            pairs.map(|(own, plain)| own.cpu.as_secs_f64() / plain.cpu.as_secs_f64()).collect::<Vec<_>>()
        });
        Self { cpu: median(|spent| spent.cpu), elapsed: median(|spent| spent.elapsed), ratio: ratios.and_then(|ratios| Ratio::of(&ratios)) }
    }
}

fn spent(work: impl FnOnce() -> Result<()>) -> Result<Spent> {
    let (before, began) = (of_children()?, Instant::now());
    work()?;
    Ok(Spent { cpu: of_children()?.saturating_sub(before), elapsed: began.elapsed() })
}

/// User and system time of every process that this one started and waited for, and of theirs, in steps of ten milliseconds.
fn of_children() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).ok_or("no ticks");
    Ok(Duration::from_millis((ticks(13)? + ticks(14)?) * 10))
}
