use std::fmt::Write as _;
use std::path::Path;

use super::document::{between, machine};
use super::tables::{head, ratio, row};
use crate::Result;
use crate::compile::{Check, Compiled};

/// How long the compiler checks, as Markdown.
pub(crate) fn compiled(compiled: &Compiled) -> String {
    let mut text = String::new();
    let title = format!("{} endpoints", compiled.endpoints);
    head(&mut text, &[&title, "whole, CPU s", "÷ plain axum", "after an edit, CPU s", "÷ plain axum", "after an edit, s by the clock"]);
    let cells = |check: &Check| [format!("{:.2}", check.cpu), ratio(check.ratio)];
    for line in &compiled.rows {
        let mut row_of = vec![line.title.to_owned()];
        row_of.extend(cells(&line.whole));
        row_of.extend(cells(&line.edited));
        row_of.push(format!("{:.2}", line.edited.elapsed));
        row(&mut text, &row_of);
    }
    let notes = &compiled.notes;
    let _ = writeln!(text, "\n`examples/notes` after an edit: {:.2} s of CPU, {:.2} s by the clock.", notes.cpu, notes.elapsed);
    text
}

/// Puts it into `docs/performance.md`, between the marks.
pub(crate) fn write_compiled(root: &Path, found: &Compiled) -> Result<()> {
    between(&root.join("docs/performance.md"), "compile", &format!("{}.\n\n{}", machine()?, compiled(found)))
}
