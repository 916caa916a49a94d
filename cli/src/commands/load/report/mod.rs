//! What is told about a load: a table for people, JSON for programs, a page with plots.

mod file;
pub(super) use file::ReportFile;
mod notes;
mod text;
pub(super) use text::milliseconds;
mod axis;
mod html;
mod plots;

use std::time::Duration;

use hdrhistogram::Histogram;
use portcullis::Failure;
use portcullis::core::Timestamp;
use serde::Serialize;

use super::arguments::LoadCommand;
use super::measurements::{Measurements, Row};
use super::operation::Kind;
use super::outcome::{Judgement, Outcome};
use super::performance::{Performed, Plan};
use super::scenario::Scenario;
use super::target::Target;

/// The result of a load; its JSON form is what `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) target: String,
    pub(super) scenario: &'static str,
    pub(super) started_at: Timestamp,
    pub(super) rate: String,
    pub(super) rate_per_second: f64,
    /// How long requests were due.
    pub(super) seconds: u64,
    /// The log-ins of a storm.
    pub(super) log_ins_at_once: Option<u32>,
    pub(super) protocol: &'static str,
    pub(super) connections: u16,
    pub(super) users: usize,
    pub(super) registered: bool,
    pub(super) asked: Vec<Asked>,
    pub(super) interrupted: bool,
    pub(super) elapsed_seconds: f64,
    pub(super) requests: u64,
    pub(super) expected: u64,
    pub(super) shed: u64,
    pub(super) unexpected: u64,
    pub(super) answered_per_second: f64,
    pub(super) operations: Vec<OperationReport>,
    /// From the moment when a request was due to the one when it went out.
    pub(super) start_delay_ms: Latencies,
    pub(super) passed: bool,
    pub(super) missed: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// What one kind of request asked for.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) operation: Kind,
    pub(super) request: String,
}

/// One operation, all its answers, and each kind of answer.
#[derive(Debug, Serialize)]
pub(super) struct OperationReport {
    pub(super) operation: Kind,
    pub(super) requests: u64,
    pub(super) latency_ms: Latencies,
    pub(super) answers: Vec<AnswerReport>,
}

/// The requests of one operation that ended in one way.
#[derive(Debug, Serialize)]
pub(super) struct AnswerReport {
    pub(super) answer: String,
    pub(super) judgement: &'static str,
    pub(super) requests: u64,
    pub(super) latency_ms: Latencies,
    /// The shortest and the longest `Retry-After`.
    pub(super) retry_after_seconds: Option<(u64, u64)>,
}

/// Percentiles, in milliseconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Latencies {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) p99_9: f64,
    pub(super) max: f64,
}

impl Report {
    /// What is known before the load.
    pub(super) fn begin(command: &LoadCommand, target: &Target, plan: &Plan, started_at: Timestamp) -> Self {
        let asked = Kind::ALL.into_iter().filter(|kind| command.scenario.does(*kind));
        let asked = asked.map(|operation| Asked { operation, request: plan.operations.of(operation).description.clone() });
        Self {
            target: target.to_string(),
            scenario: command.scenario.name(),
            started_at,
            rate: command.rate.to_string(),
            rate_per_second: command.rate.per_second(),
            seconds: command.seconds,
            log_ins_at_once: (command.scenario == Scenario::Storm).then_some(command.log_ins),
            protocol: if command.http2 { "HTTP/2" } else { "HTTP/1.1" },
            connections: command.connections,
            users: plan.users.len(),
            registered: command.register.is_some(),
            asked: asked.collect(),
            interrupted: false,
            elapsed_seconds: 0.0,
            requests: 0,
            expected: 0,
            shed: 0,
            unexpected: 0,
            answered_per_second: 0.0,
            operations: Vec::new(),
            start_delay_ms: Latencies::default(),
            passed: false,
            missed: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What the load brought.
    pub(super) fn conclude(&mut self, performed: &Performed, missed: Vec<String>) {
        let measurements = &performed.measurements;
        self.interrupted = performed.is_interrupted;
        self.elapsed_seconds = seconds(performed.elapsed);
        self.expected = measurements.count(Judgement::Expected);
        self.shed = measurements.count(Judgement::Shed);
        self.unexpected = measurements.count(Judgement::Unexpected);
        self.requests = self.expected + self.shed + self.unexpected;
        let answered: u64 =
            measurements.rows.iter().filter(|((_, outcome), _)| is_answer(*outcome)).map(|(_, row)| row.latencies.len()).sum();
        self.answered_per_second = if self.elapsed_seconds > 0.0 { answered as f64 / self.elapsed_seconds } else { 0.0 };
        self.operations = Kind::ALL.into_iter().filter_map(|kind| operation(measurements, kind)).collect();
        self.start_delay_ms = Latencies::of(&measurements.delays);
        self.passed = missed.is_empty();
        self.missed = missed;
        self.notes = notes::of(self);
    }

    pub(super) const fn is_passed(&self) -> bool {
        self.passed
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(Failure::new)
    }
}

impl Latencies {
    fn of(latencies: &Histogram<u32>) -> Self {
        let at = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
        // A bucket's upper edge would be more than the longest.
        let max = latencies.max() as f64 / 1000.0;
        Self { p50: at(0.5).min(max), p90: at(0.9).min(max), p99: at(0.99).min(max), p99_9: at(0.999).min(max), max }
    }
}

fn operation(measurements: &Measurements, kind: Kind) -> Option<OperationReport> {
    let answers = measurements.rows.iter().filter(|((of, _), _)| *of == kind);
    let answers: Vec<_> = answers.map(|((_, outcome), row)| answer(*outcome, row)).collect();
    let all = measurements.latencies(kind, |_| true);
    (!answers.is_empty()).then(|| OperationReport { operation: kind, requests: all.len(), latency_ms: Latencies::of(&all), answers })
}

fn answer(outcome: Outcome, row: &Row) -> AnswerReport {
    AnswerReport {
        answer: outcome.to_string(),
        judgement: row.judgement.name(),
        requests: row.latencies.len(),
        latency_ms: Latencies::of(&row.latencies),
        retry_after_seconds: row.retry_after,
    }
}

const fn is_answer(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Status(_) | Outcome::OtherStatus)
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
