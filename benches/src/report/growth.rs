use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::curves::{Line, curves, grouped};
use super::document::{between, machine};
use super::tables::{head, row};
use crate::Result;
use crate::scale::{Growth, Unit};

/// Every growth as Markdown.
pub(crate) fn growths(growths: &[Growth]) -> String {
    growths.iter().fold(String::new(), |text, growth| text + &described(growth) + &table(growth) + "\n")
}

/// Puts tables and plots into `docs/performance.md`, between the marks.
pub(crate) fn write_growths(root: &Path, growths: &[Growth]) -> Result<()> {
    let plots = root.join("docs/performance");
    fs::create_dir_all(&plots)?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let mut text = format!("{}; load {load} at the end: what else ran shows in the times.\n\n", machine()?);
    for growth in growths {
        text.push_str(&described(growth));
        for unit in Unit::ALL {
            let name = format!("scale-{}-{}.svg", growth.name, unit.name());
            let lines = lines(growth, unit);
            if lines.is_empty() {
                continue;
            }
            let title = format!("{}: {}", growth.title, unit.title());
            fs::write(plots.join(&name), curves(&title, growth.counted, &lines))?;
            let _ = writeln!(text, "![{title}](performance/{name})");
        }
        text.push('\n');
        text.push_str(&table(growth));
        text.push('\n');
    }
    between(&root.join("docs/performance.md"), "scale", &text)
}

fn described(growth: &Growth) -> String {
    format!("### {}\n\n{}\n\n", growth.title, growth.text)
}

fn table(growth: &Growth) -> String {
    let mut text = String::new();
    let titles: Vec<String> = growth.measures.iter().map(|measure| format!("{}, {}", measure.title, measure.unit.title())).collect();
    let mut columns = vec![growth.counted];
    columns.extend(titles.iter().map(String::as_str));
    head(&mut text, &columns);
    for point in &growth.points {
        let mut cells = vec![grouped(point.count)];
        cells.extend(point.values.iter().map(|value| format!("{value:.1}")));
        row(&mut text, &cells);
    }
    text
}

fn lines(growth: &Growth, unit: Unit) -> Vec<Line> {
    let places = growth.measures.iter().enumerate().filter(|(_, measure)| measure.unit == unit);
    places
        .map(|(place, measure)| Line {
            title: measure.title.replace('`', ""),
            points: growth.points.iter().filter_map(|point| Some((point.count, *point.values.get(place)?))).collect(),
        })
        .collect()
}
