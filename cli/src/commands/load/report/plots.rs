//! Plots as SVG, which a browser shows without any script. Colours come from the page's style, so that they follow light and dark.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::super::measurements::{Interval, Measurements};
use super::super::operation::Kind;
use super::axis::Axis;

/// Latency over the time at which requests were due: the median and the 99th percentile of each operation.
pub(super) fn latency_over_time(measurements: &Measurements, seconds: f64) -> String {
    let width = measurements.width.as_secs_f64();
    let of = |kind: Kind, quantile: f64| -> Vec<(f64, f64)> {
        let points = measurements.intervals.iter().zip(middles(width, seconds));
        points.filter_map(|(interval, at)| Some((at, at_quantile(interval.latencies.get(&kind)?, quantile)))).collect()
    };
    let lines: Vec<Line> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            [Line { class: format!("{kind} median"), points: of(kind, 0.5) }, Line { class: kind.to_string(), points: of(kind, 0.99) }]
        })
        .collect();
    let mut plot = Plot::new(Axis::exact(seconds, 8.0), latency_axis(&lines));
    plot.axes(&format_seconds, &format_milliseconds, "seconds since the beginning");
    for line in &lines {
        plot.line(line);
    }
    plot.finish("Latency over time")
}

/// Requests by the second in which they were due, stacked by how they were answered.
pub(super) fn answers_over_time(measurements: &Measurements, rate: f64, seconds: f64) -> String {
    let width = measurements.width.as_secs_f64();
    let total = |interval: &Interval| interval.expected + interval.shed + interval.unexpected;
    let covered = |at: f64| width.min(seconds - at + width / 2.0).max(0.001);
    let middles: Vec<f64> = middles(width, seconds).take(measurements.intervals.len()).collect();
    let highest = measurements.intervals.iter().map(|interval| total(interval) as f64 / width).fold(rate, f64::max);
    let mut plot = Plot::new(Axis::exact(seconds, 8.0), Axis::linear(highest * 1.05, 5.0));
    plot.axes(&format_seconds, &format_count, "seconds since the beginning");
    for (interval, at) in measurements.intervals.iter().zip(middles) {
        let begin = at - width / 2.0;
        let end = (begin + width).min(seconds);
        let mut below = 0.0;
        for (class, number) in [("expected", interval.expected), ("shed", interval.shed), ("unexpected", interval.unexpected)] {
            let height = number as f64 / covered(at);
            plot.bar(class, (begin, end), (below, below + height), &format!("{begin:.0} s: {number} {class}"));
            below += height;
        }
    }
    plot.line(&Line { class: "rate".to_owned(), points: vec![(0.0, rate), (seconds, rate)] });
    plot.finish("Requests a second")
}

/// The latency that all but a small part of the requests stay below.
pub(super) fn latency_by_percentile(measurements: &Measurements) -> String {
    let lines: Vec<Line> = Kind::ALL
        .into_iter()
        .map(|kind| Line { class: kind.to_string(), points: percentiles(&measurements.latencies(kind, |_| true)) })
        .collect();
    let farthest = lines.iter().flat_map(|line| &line.points).map(|(x, _)| *x).fold(1.0, f64::max);
    let mut plot = Plot::new(Axis::whole(farthest), latency_axis(&lines));
    let labels = ["0%", "90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%", "99.99999%"];
    let label = |nines: f64| {
        labels
            .into_iter()
            .zip(0_u32..)
            .find(|(_, number)| f64::from(*number) >= nines)
            .map_or_else(String::new, |(label, _)| label.to_owned())
    };
    plot.axes(&label, &format_milliseconds, "share of requests that were answered within this time");
    for line in &lines {
        plot.line(line);
    }
    plot.finish("Latency by percentile")
}

/// Points at 0, 90, 99, 99.9 … percent and between, as far as there are requests to tell them apart.
fn percentiles(latencies: &Histogram<u32>) -> Vec<(f64, f64)> {
    if latencies.is_empty() {
        return Vec::new();
    }
    let nines = (latencies.len() as f64).log10();
    let steps = (0..=STEPS_TO_SHOW).map(|step| f64::from(step) / 10.0).take_while(|x| *x < nines);
    steps.chain([nines]).map(|x| (x, at_quantile(latencies, 1.0 - 10_f64.powf(-x)))).collect()
}

fn at_quantile(latencies: &Histogram<u32>, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile).min(latencies.max()) as f64 / 1000.0
}

fn middles(width: f64, seconds: f64) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |number| f64::from(number) * width + width / 2.0).take_while(move |at| *at < seconds + width)
}

fn latency_axis(lines: &[Line]) -> Axis {
    let values = || lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value);
    Axis::logarithmic(values().fold(f64::MAX, f64::min).min(1e6), values().fold(0.0, f64::max))
}

fn format_seconds(seconds: f64) -> String {
    format!("{seconds}")
}

fn format_count(count: f64) -> String {
    format!("{count}")
}

fn format_milliseconds(milliseconds: f64) -> String {
    if milliseconds >= 1000.0 { format!("{} s", milliseconds / 1000.0) } else { format!("{milliseconds} ms") }
}

struct Line {
    class: String,
    points: Vec<(f64, f64)>,
}

struct Plot {
    x: Axis,
    y: Axis,
    svg: String,
}

impl Plot {
    fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, svg: String::new() }
    }

    fn axes(&mut self, x_label: &dyn Fn(f64) -> String, y_label: &dyn Fn(f64) -> String, x_title: &str) {
        for tick in self.y.ticks.clone() {
            let y = self.down(tick);
            let _ = write!(self.svg, r#"<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}"/>"#);
            let _ = write!(self.svg, r#"<text class="y" x="{:.0}" y="{:.1}">{}</text>"#, LEFT - 8.0, y + 4.0, y_label(tick));
        }
        for tick in self.x.ticks.clone() {
            let x = self.across(tick);
            let _ = write!(self.svg, r#"<line class="tick" x1="{x:.1}" x2="{x:.1}" y1="{BOTTOM}" y2="{:.0}"/>"#, BOTTOM + 4.0);
            let _ = write!(self.svg, r#"<text class="x" x="{x:.1}" y="{:.0}">{}</text>"#, BOTTOM + 18.0, x_label(tick));
        }
        let _ = write!(self.svg, r#"<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{BOTTOM}" y2="{BOTTOM}"/>"#);
        let _ = write!(self.svg, r#"<text class="title" x="{:.0}" y="{:.0}">{x_title}</text>"#, f64::midpoint(LEFT, RIGHT), BOTTOM + 38.0);
    }

    fn line(&mut self, line: &Line) {
        let points: Vec<String> = line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", self.across(*x), self.down(*y))).collect();
        match (points.as_slice(), line.points.as_slice()) {
            ([], _) => {}
            // A single point makes no line.
            ([_], [(x, y)]) => {
                let _ = write!(self.svg, r#"<circle class="{}" cx="{:.1}" cy="{:.1}" r="3"/>"#, line.class, self.across(*x), self.down(*y));
            }
            _ => {
                let _ = write!(self.svg, r#"<polyline class="{}" points="{}"/>"#, line.class, points.join(" "));
            }
        }
    }

    fn bar(&mut self, class: &str, x: (f64, f64), y: (f64, f64), tip: &str) {
        let (left, right) = (self.across(x.0), self.across(x.1));
        let (top, bottom) = (self.down(y.1), self.down(y.0));
        if bottom - top > 0.0 && right > left {
            // A hair of space tells the bars apart, as far as there is any.
            let width = (right - left - 1.0).max((right - left) * 0.7);
            let height = bottom - top;
            let _ = write!(
                self.svg,
                r#"<rect class="{class}" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}"><title>{tip}</title></rect>"#
            );
        }
    }

    fn finish(self, name: &str) -> String {
        format!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{}</svg>"#, self.svg)
    }

    fn across(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (RIGHT - LEFT)
    }

    fn down(&self, y: f64) -> f64 {
        BOTTOM - self.y.place(y) * (BOTTOM - TOP)
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 68.0;
const RIGHT: f64 = 744.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 252.0;
const STEPS_TO_SHOW: u32 = 70;
