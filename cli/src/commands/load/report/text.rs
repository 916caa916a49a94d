use std::fmt::Write as _;

use super::{Latencies, Report};

impl Report {
    /// The table for people.
    pub(in super::super) fn text(&self) -> String {
        let mut text = format!(
            "{} against {}: {} requests in {:.1} s, {}; {:.1} answered a second\n",
            self.scenario,
            self.target,
            self.requests,
            self.elapsed_seconds,
            self.due(),
            self.answered_per_second
        );
        let asked: Vec<_> = self.asked.iter().map(|asked| format!("{} = {}", asked.operation, asked.request)).collect();
        let users = if self.users == 1 { "1 user".to_owned() } else { format!("{} users", self.users) };
        let _ = writeln!(text, "{}; at most {} connections, {users}; {}\n", self.protocol, self.connections, asked.join(", "));
        let _ = writeln!(
            text,
            "{:<9} {:<13} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "operation", "answer", "requests", "share", "p50", "p90", "p99", "p99.9", "max"
        );
        for operation in &self.operations {
            for answer in &operation.answers {
                let mark = if answer.judgement == "unexpected" { " !" } else { "" };
                let _ = write!(
                    text,
                    "{:<9} {:<13} {:>9} {:>6.1}% ",
                    operation.operation.name(),
                    answer.answer.clone() + mark,
                    answer.requests,
                    share(answer.requests, operation.requests)
                );
                row(&mut text, &answer.latency_ms);
            }
        }
        let all = self.requests;
        let _ = writeln!(
            text,
            "\n{} expected, {} shed, {} unexpected of {all}. Latencies count from when a request was due.",
            self.expected, self.shed, self.unexpected
        );
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        for missed in &self.missed {
            let _ = writeln!(text, "FAILED: {missed}");
        }
        text
    }
}

impl Report {
    /// What was due when.
    pub(super) fn due(&self) -> String {
        let at_once = self.log_ins_at_once.map(|log_ins| format!("{log_ins} at once and ")).unwrap_or_default();
        format!("due {at_once}at {} for {} s", self.rate, self.seconds)
    }
}

fn row(text: &mut String, latencies: &Latencies) {
    let Latencies { p50, p90, p99, p99_9, max } = latencies;
    let _ = writeln!(text, "{:>9} {:>9} {:>9} {:>9} {:>9}", shown(*p50), shown(*p90), shown(*p99), shown(*p99_9), shown(*max));
}

pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// A latency in microseconds, as people read it.
pub(crate) fn milliseconds(micros: u64) -> String {
    shown(micros as f64 / 1000.0)
}

/// A latency in milliseconds, as people read it.
pub(super) fn shown(milliseconds: f64) -> String {
    match milliseconds {
        few if few < 9.995 => format!("{few:.2} ms"),
        some if some < 99.95 => format!("{some:.1} ms"),
        many if many < 999.5 => format!("{many:.0} ms"),
        seconds => format!("{:.2} s", seconds / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_have_three_digits() {
        for (micros, text) in [(417, "0.42 ms"), (9_999, "10.0 ms"), (99_960, "100 ms"), (999_600, "1.00 s"), (12_340_000, "12.34 s")] {
            assert_eq!(milliseconds(micros), text);
        }
    }
}
