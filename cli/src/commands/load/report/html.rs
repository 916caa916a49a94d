use askama::Template;
use portcullis::Failure;

use super::super::measurements::Measurements;
use super::super::operation::Kind;
use super::text::{share, shown};
use super::{AnswerReport, Latencies, Report, plots};

/// The page: one file, no script, nothing loaded.
#[derive(Template)]
#[template(path = "load/report.html")]
struct Page<'a> {
    report: &'a Report,
    /// SVG of our own, in which there are only numbers.
    latency_over_time: String,
    answers_over_time: String,
    latency_by_percentile: String,
    headline: Vec<Tile>,
    /// To the second.
    started_at: String,
}

/// A number to see first.
struct Tile {
    name: &'static str,
    value: String,
    detail: String,
}

impl Report {
    pub(in super::super) fn html(&self, measurements: &Measurements) -> Result<String, Failure> {
        // An interrupted load is drawn as far as it came.
        let seconds = if self.interrupted { self.elapsed_seconds.clamp(1.0, self.seconds as f64) } else { self.seconds as f64 };
        let page = Page {
            report: self,
            latency_over_time: plots::latency_over_time(measurements, seconds),
            answers_over_time: plots::answers_over_time(measurements, self.rate_per_second, seconds),
            latency_by_percentile: plots::latency_by_percentile(measurements),
            headline: self.headline(),
            started_at: self.started_at.to_string().split('.').next().unwrap_or_default().replace('T', " ") + " UTC",
        };
        page.render().map_err(|error| Failure::new(format!("cannot write the report: {error}")))
    }

    fn headline(&self) -> Vec<Tile> {
        let mut tiles = vec![
            Tile { name: "requests", value: self.requests.to_string(), detail: self.due() },
            Tile {
                name: "answered a second",
                value: format!("{:.1}", self.answered_per_second),
                detail: format!("over {:.1} s", self.elapsed_seconds),
            },
        ];
        for operation in &self.operations {
            let latencies = &operation.latency_ms;
            tiles.push(Tile {
                name: match operation.operation {
                    Kind::LogIn => "log-in, 99th percentile",
                    Kind::Read => "read, 99th percentile",
                    Kind::Write => "write, 99th percentile",
                },
                value: shown(latencies.p99),
                detail: format!("median {}, longest {}", shown(latencies.p50), shown(latencies.max)),
            });
        }
        tiles.push(Tile {
            name: "unexpected",
            value: self.unexpected.to_string(),
            detail: format!("{} shed, {} expected", self.shed, self.expected),
        });
        tiles
    }
}

impl Page<'_> {
    fn row(answer: &AnswerReport, of: &u64) -> Vec<String> {
        let Latencies { p50, p90, p99, p99_9, max } = answer.latency_ms;
        let mut cells = vec![answer.requests.to_string(), format!("{:.1}%", share(answer.requests, *of))];
        cells.extend([p50, p90, p99, p99_9, max].map(shown));
        cells
    }
}
