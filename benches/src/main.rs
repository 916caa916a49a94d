//! Measures what Portcullis costs, beside a bare axum server, a stack put together by hand, and `FastAPI`'s.
//!
//! `cargo xtask bench` builds everything and runs this; `docs/performance.md` holds what it found.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the result is printed, and how far it is")]

mod cases;
mod client;
mod compare;
mod compile;
mod ground;
mod instructions;
mod measure;
mod options;
mod peers;
mod process;
mod report;
mod rows;
mod scale;

use std::time::Duration;

use clap::Parser as _;

use options::{Options, Task};
use peers::Ground;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let task = Task::parse();
    let folder = tempfile::tempdir()?;
    let ground = ground::prepare(folder.path())?;
    match task {
        Task::Compare(options) => run(&ground, &options),
        Task::Scale { quick } => grow(&ground, quick),
        Task::Compile { quick } => check(&ground, quick),
        Task::Library { milliseconds } => {
            println!("{}", measure::hashes(Duration::from_millis(milliseconds))?);
            Ok(())
        }
        Task::Instructions { record } => instructions::check(&ground, record),
    }
}

fn run(ground: &Ground, options: &Options) -> Result<()> {
    let found = compare::compare(ground, options)?;
    let text = report::tables(&found);
    println!("{text}");
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&found)?)?;
    }
    if options.is_whole() {
        report::write(&ground.root, &found, &text)?;
    }
    Ok(())
}

fn grow(ground: &Ground, is_quick: bool) -> Result<()> {
    let growths = scale::scale(ground, is_quick)?;
    println!("{}", report::growths(&growths));
    if is_quick { Ok(()) } else { report::write_growths(&ground.root, &growths) }
}

fn check(ground: &Ground, is_quick: bool) -> Result<()> {
    let compiled = compile::compile(ground, is_quick)?;
    println!("{}", report::compiled(&compiled));
    if is_quick { Ok(()) } else { report::write_compiled(&ground.root, &compiled) }
}
