//! How many instructions a protected read takes: a figure that a busy machine doesn't change.
//!
//! The same server runs twice under callgrind, with few and with many requests; the difference, by request, is free of start and log-in.
//! Valgrind shows programs a processor of its own, without AVX-512 and SHA extensions, so that the figure holds wherever the compiler, the
//! C library and valgrind are those that it was recorded with.

use std::fs;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cases::{Case, Known, REFUSED, SERVED};
use crate::client::{Connection, Transport};
use crate::peers::{Ground, Peer};

/// What was recorded.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    environment: String,
    /// By case, of one request.
    instructions: std::collections::BTreeMap<String, u64>,
}

/// Compares with what was recorded, or records.
pub(crate) fn check(ground: &Ground, is_recording: bool) -> Result<()> {
    let file = ground.root.join("benches/instructions.json");
    let environment = environment()?;
    let case = SERVED.iter().find(|case| case.name == "whoami").ok_or("no such case")?;
    let count = count(ground, case)?;
    println!("GET /whoami takes {count} instructions ({environment})");
    for (refused, _) in REFUSED.iter().filter(|(refused, _)| BEFORE_THE_HANDLER.contains(&refused.name)) {
        let cost = self::count(ground, refused)?;
        println!("{} takes {cost}", refused.title);
        if cost >= count {
            return Err(format!("{} takes {cost} instructions, as many as an answer: refusing is to be cheaper", refused.title).into());
        }
    }
    if is_recording {
        let recorded = Recorded { environment, instructions: [(case.name.to_owned(), count)].into() };
        return Ok(fs::write(file, serde_json::to_string_pretty(&recorded)? + "\n")?);
    }
    let recorded: Recorded = serde_json::from_str(&fs::read_to_string(&file)?)?;
    if recorded.environment != environment {
        println!("Not compared: the recorded figure is from another environment ({}).", recorded.environment);
        return Ok(());
    }
    let before = *recorded.instructions.get(case.name).ok_or("the case was not recorded")?;
    if exceeds(count, before) {
        return Err(format!(
            "GET /whoami takes {count} instructions, more than 5% above the recorded {before}: find what costs, \
             or record the new figure with `cargo xtask instructions --record` and say why"
        )
        .into());
    }
    println!("Recorded: {before}.");
    Ok(())
}

/// Whether a count is more than 5% above what was recorded.
const fn exceeds(count: u64, recorded: u64) -> bool {
    count * 100 > recorded * 105
}

fn count(ground: &Ground, case: &Case) -> Result<u64> {
    let few = collected(ground, case, FEW)?;
    let many = collected(ground, case, MANY)?;
    Ok((many.checked_sub(few).ok_or("more requests took fewer instructions")?) / u64::from(MANY - FEW))
}

/// The instructions of a whole run with so many requests.
fn collected(ground: &Ground, case: &Case, requests: u32) -> Result<u64> {
    let is_limited = case.name == "429";
    let mut server = ground.watched(&VALGRIND, if is_limited { &[("RATE_LIMIT__DEFAULT", "1/h")] } else { &[] })?;
    let target = server.target(Transport::Http1);
    let known = if is_limited { Known::default() } else { Known::learn(Peer::Notes, &target)? };
    let prepared = case.prepare(&known)?;
    let mut connection = Connection::open(&target)?;
    for _ in 0..requests {
        prepared.send(&mut connection)?;
    }
    drop(connection);
    server.process.end()?;
    let report = fs::read_to_string(server.folder.join("errors"))?;
    let line = report.lines().rev().find_map(|line| line.split_once("Collected :")).ok_or_else(|| format!("no count in {report}"))?;
    Ok(line.1.trim().parse()?)
}

/// What the figure depends on, beside the code.
fn environment() -> Result<String> {
    let first_line = |program: &str, argument: &str| -> Result<String> {
        let output = Command::new(program).arg(argument).stderr(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
    };
    let has_avx2 = fs::read_to_string("/proc/cpuinfo").unwrap_or_default().contains(" avx2 ");
    let parts = [
        first_line("rustc", "--version")?,
        first_line("valgrind", "--version")?,
        first_line("getconf", "GNU_LIBC_VERSION")?,
        format!("{}{}", std::env::consts::ARCH, if has_avx2 { " with AVX2" } else { "" }),
    ];
    Ok(parts.join(", "))
}

/// What is refused without a look at anything.
const BEFORE_THE_HANDLER: [&str; 2] = ["401", "429"];
const FEW: u32 = 1000;
const MANY: u32 = 3000;
const VALGRIND: [&str; 4] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=no"];

#[cfg(test)]
mod tests {
    use super::exceeds;

    #[test]
    fn five_per_cent_are_borne_and_more_are_not() {
        assert!(!exceeds(105_000, 100_000));
        assert!(exceeds(105_001, 100_000));
    }
}
