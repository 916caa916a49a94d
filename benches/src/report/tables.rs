use std::fmt::Write as _;

use crate::compare::{Found, Line, Section};
use crate::measure::{Cost, Ratio};
use crate::peers::Peer;

/// Everything as Markdown.
pub(crate) fn tables(found: &Found) -> String {
    let mut text = String::new();
    for section in &found.served {
        costs(&mut text, section);
        rates(&mut text, section);
    }
    refused(&mut text, found);
    log_ins(&mut text, found);
    long_addresses(&mut text, found);
    sizes(&mut text, found);
    text
}

pub(super) fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

pub(super) fn head(text: &mut String, cells: &[&str]) {
    row(text, &cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
    row(text, &vec!["---".to_owned(); cells.len()]);
}

fn cost_of(line: &Line, peer: Peer) -> Option<&Cost> {
    line.costs.iter().find(|cost| cost.peer == peer.name())
}

pub(super) fn ratio(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.least, ratio.most))
}

fn costs(text: &mut String, section: &Section) {
    let _ = writeln!(text, "### CPU time a request, {}\n", section.transport);
    let _ = writeln!(text, "Microseconds; ratios round by round, their median and in brackets the least and the greatest.\n");
    let has_headers = section.lines.iter().any(|line| cost_of(line, Peer::Headers).is_some());
    let more: &[_] = if has_headers { &["bare with the headers", "that ÷ bare", "notes ÷ that"] } else { &[] };
    let titles = ["case", "bare axum", "by hand", "FastAPI", "notes", "notes ÷ bare", "aim", "notes ÷ by hand", "bare ÷ bare (noise)"];
    head(text, &[&titles, more].concat());
    for line in &section.lines {
        let mut cells = vec![line.title.to_owned()];
        cells.extend(Peer::ALL.map(|peer| cost_of(line, peer).map_or_else(String::new, |cost| format!("{:.1}", cost.cpu))));
        let notes = cost_of(line, Peer::Notes);
        // Over TLS there is one aim for everything.
        let aim = if section.transport == "HTTP/1.1" { line.target } else { 1.15 };
        cells.push(ratio(notes.and_then(|cost| cost.ratio)));
        cells.push(format!("≤ {aim:.2}"));
        cells.push(ratio(notes.and_then(|cost| cost.of_by_hand)));
        cells.push(ratio(cost_of(line, Peer::Bare).and_then(|cost| cost.ratio)));
        if let Some(headers) = cost_of(line, Peer::Headers) {
            cells.push(format!("{:.1}", headers.cpu));
            cells.push(ratio(headers.ratio));
            cells.push(ratio(notes.and_then(|cost| cost.of_headers)));
        }
        row(text, &cells);
    }
    text.push('\n');
}

fn rates(text: &mut String, section: &Section) {
    let _ = writeln!(text, "Requests a second of eight clients that wait for each answer; p50 / p99 in ms at 200 requests a second:\n");
    head(text, &["case", "bare axum", "by hand", "FastAPI", "notes"]);
    for line in &section.lines {
        let mut cells = vec![line.title.to_owned()];
        cells.extend(Peer::ALL.map(|peer| {
            let (Some(cost), Some(latency)) = (cost_of(line, peer), line.latencies.get(peer.name())) else { return String::new() };
            format!("{:.0}; {} / {}", cost.rate, milliseconds(latency.p50), milliseconds(latency.p99))
        }));
        row(text, &cells);
    }
    text.push('\n');
}

fn refused(text: &mut String, found: &Found) {
    if found.refused.is_empty() {
        return;
    }
    text.push_str("### What notes turns away\n\n");
    head(text, &["refused", "CPU µs a request", "served", "CPU µs a request", "refused ÷ served"]);
    for line in &found.refused {
        let [refused, served] = &line.costs;
        let cells = [line.title, &format!("{:.1}", refused.cpu), line.served, &format!("{:.1}", served.cpu), &ratio(refused.ratio)];
        row(text, &cells.map(str::to_owned));
    }
    text.push('\n');
}

fn log_ins(text: &mut String, found: &Found) {
    if found.log_ins.is_empty() {
        return;
    }
    text.push_str("### Log-ins\n\n");
    head(text, &["", "log-ins a second, 16 clients", "of the library's"]);
    for one in &found.log_ins {
        row(text, &[one.peer.to_owned(), format!("{:.1}", one.rate), ratio(one.of_library)]);
    }
    text.push_str("\n`/livez` at 100 requests a second, in calm and while 64 clients log in:\n\n");
    head(text, &["", "calm p99, ms", "storm p99, ms", "log-ins by status", "refused p99, ms", "resident in it, MiB", "after a rest, MiB"]);
    for storm in &found.storms {
        let answers: Vec<String> = storm.answers.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        row(
            text,
            &[
                storm.peer.to_owned(),
                milliseconds(storm.calm.p99),
                milliseconds(storm.storm.p99),
                answers.join(", "),
                storm.refused_p99.map_or_else(String::new, milliseconds),
                mebibytes(storm.memory),
                mebibytes(storm.rested),
            ],
        );
    }
    text.push('\n');
}

fn long_addresses(text: &mut String, found: &Found) {
    if found.long_addresses.is_empty() {
        return;
    }
    text.push_str("### Beside costly requests\n\n");
    text.push_str("`/livez` at 100 requests a second, in calm and while eight clients send e-mail addresses of a megabyte:\n\n");
    head(text, &["", "calm p50, ms", "beside them p50, ms", "beside ÷ calm", "refused"]);
    for one in &found.long_addresses {
        let cells = [milliseconds(one.calm.p50), milliseconds(one.beside.p50), format!("{:.2}", one.ratio), one.refused.to_string()];
        row(text, &[&[one.peer.to_owned()][..], &cells].concat());
    }
    text.push('\n');
}

fn sizes(text: &mut String, found: &Found) {
    if !found.starts.is_empty() {
        text.push_str("### Start and memory\n\n");
        head(
            text,
            &["", "start to first answer, ms", "resident idle, MiB", "after load, MiB", "answers by then", "an idle TLS connection, KiB"],
        );
        for start in &found.starts {
            let idle_tls = found.idle_tls.get(start.peer).map_or_else(String::new, |bytes| format!("{:.1}", bytes / 1024.0));
            let [idle, after] = [start.idle, start.after].map(mebibytes);
            row(text, &[start.peer.to_owned(), start.milliseconds.to_string(), idle, after, start.answers.to_string(), idle_tls]);
        }
        text.push('\n');
    }
    head(text, &["program", "MB"]);
    for (name, bytes) in &found.binaries {
        row(text, &[(*name).to_owned(), format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)]);
    }
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 1000, microseconds % 1000 / 10)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{}", kibibytes / 1024, kibibytes % 1024 * 10 / 1024)
}
